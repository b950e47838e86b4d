package tour

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"gocloud.dev/pubsub"
	_ "gocloud.dev/pubsub/awssnssqs"
)

// The Go CDK sends in batches and receives in parallel; it names the queue by AWS's own host.
func TestTheGoCdkSendsReceivesNacksAndAcks(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	name := url[strings.LastIndex(url, "/")+1:]
	address := "awssqs://sqs.us-east-1.amazonaws.com/123456789012/" + name + "?region=us-east-1"
	topic, err := pubsub.OpenTopic(v.ctx, address)
	v.must(err)
	subscription, err := pubsub.OpenSubscription(v.ctx, address+"&waittime=2s")
	v.must(err)

	wanted := map[string]int{"plain": 1, "again": 2, "\x00\xff raw": 1}
	for body := range wanted {
		v.must(topic.Send(v.ctx, &pubsub.Message{Body: []byte(body), Metadata: map[string]string{"key": "grüße"}}))
	}
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	for left := 4; left > 0; left-- {
		message, err := subscription.Receive(ctx)
		v.must(err)
		if !bytes.Equal([]byte(message.Metadata["key"]), []byte("grüße")) {
			t.Fatalf("other metadata: %v", message.Metadata)
		}
		count := wanted[string(message.Body)]
		if count == 0 {
			t.Fatalf("unexpected %q", message.Body)
		}
		wanted[string(message.Body)] = count - 1
		if count == 2 {
			message.Nack()
			continue
		}
		message.Ack()
	}
	v.must(topic.Shutdown(v.ctx))
	v.must(subscription.Shutdown(v.ctx))
	v.equal(v.attribute(url, "ApproximateNumberOfMessages"), "0")
	v.equal(v.attribute(url, "ApproximateNumberOfMessagesNotVisible"), "0")
}
