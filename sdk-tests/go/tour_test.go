package tour

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"
)

const body = "<a href=\"x\">&amp;</a> + % grüße 🦀\t\r\n\rend"

var attributes = map[string]types.MessageAttributeValue{
	"Text":  {DataType: aws.String("String.json"), StringValue: aws.String("grüße <&> \"' 🦀\r\n")},
	"Count": {DataType: aws.String("Number.int"), StringValue: aws.String("42")},
	"Bytes": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255, 7}},
}

// visitor is a client, and what fails the test when a call does.
type visitor struct {
	*testing.T
	sqs *sqs.Client
	ctx context.Context
}

func visit(t *testing.T) visitor {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	loaded, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return visitor{t, sqs.NewFromConfig(loaded), ctx}
}

func uniqueName() string { return fmt.Sprintf("tour-go-%016x", rand.Uint64()) }

// queue makes a queue that is gone at the test's end.
func (v visitor) queue(suffix string, attributes map[string]string) string {
	v.Helper()
	made, err := v.sqs.CreateQueue(v.ctx, &sqs.CreateQueueInput{
		QueueName: aws.String(uniqueName() + suffix), Attributes: attributes, Tags: map[string]string{"team": "a"},
	})
	v.must(err)
	v.Cleanup(func() {
		_, _ = v.sqs.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
	})
	return *made.QueueUrl
}

func (v visitor) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

func (v visitor) equal(got, want any) {
	v.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		v.Fatalf("got %v, want %v", got, want)
	}
}

func (v visitor) send(input *sqs.SendMessageInput) *sqs.SendMessageOutput {
	v.Helper()
	sent, err := v.sqs.SendMessage(v.ctx, input)
	v.must(err)
	return sent
}

func (v visitor) receive(url string, atMost, waitSeconds int32) []types.Message {
	v.Helper()
	got, err := v.sqs.ReceiveMessage(v.ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: atMost, WaitTimeSeconds: waitSeconds,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	v.must(err)
	return got.Messages
}

func (v visitor) attribute(url string, name types.QueueAttributeName) string {
	v.Helper()
	got, err := v.sqs.GetQueueAttributes(v.ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{name},
	})
	v.must(err)
	return got.Attributes[string(name)]
}

func bodies(messages []types.Message) (all []string) {
	for _, message := range messages {
		all = append(all, *message.Body)
	}
	return all
}

func TestAQueueIsMadeFoundTaggedAndListed(t *testing.T) {
	v := visit(t)
	url := v.queue("", map[string]string{"VisibilityTimeout": "40"})
	name := url[strings.LastIndex(url, "/")+1:]
	found, err := v.sqs.GetQueueUrl(v.ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	v.must(err)
	v.equal(*found.QueueUrl, url)
	v.equal(v.attribute(url, "VisibilityTimeout"), "40")
	tags, err := v.sqs.ListQueueTags(v.ctx, &sqs.ListQueueTagsInput{QueueUrl: &url})
	v.must(err)
	v.equal(tags.Tags, map[string]string{"team": "a"})
	_, err = v.sqs.CreateQueue(v.ctx, &sqs.CreateQueueInput{
		QueueName: &name, Attributes: map[string]string{"VisibilityTimeout": "41"},
	})
	if exists := (*types.QueueNameExists)(nil); !errors.As(err, &exists) {
		t.Fatalf("not QueueNameExists: %v", err)
	}
}

func TestAListingGoesPageByPage(t *testing.T) {
	v := visit(t)
	prefix := uniqueName()
	for n := range 3 {
		made, err := v.sqs.CreateQueue(v.ctx, &sqs.CreateQueueInput{QueueName: aws.String(fmt.Sprint(prefix, "-", n))})
		v.must(err)
		t.Cleanup(func() {
			_, _ = v.sqs.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: made.QueueUrl})
		})
	}
	pages := sqs.NewListQueuesPaginator(v.sqs, &sqs.ListQueuesInput{QueueNamePrefix: &prefix, MaxResults: aws.Int32(2)})
	var sizes []int
	for pages.HasMorePages() {
		page, err := pages.NextPage(v.ctx)
		v.must(err)
		sizes = append(sizes, len(page.QueueUrls))
	}
	v.equal(sizes, []int{2, 1})
}

func TestBodyAndAttributesComeBackByteForByte(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	sent := v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String(body), MessageAttributes: attributes})
	messages := v.receive(url, 1, 5)
	v.equal(bodies(messages), []string{body})
	v.equal(*messages[0].MessageId, *sent.MessageId)
	v.equal(*messages[0].MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
	got := messages[0].MessageAttributes
	v.equal(len(got), 3)
	v.equal(*got["Text"].StringValue, *attributes["Text"].StringValue)
	v.equal(*got["Text"].DataType, "String.json")
	v.equal(*got["Count"].StringValue, "42")
	if !bytes.Equal(got["Bytes"].BinaryValue, attributes["Bytes"].BinaryValue) {
		t.Fatalf("other bytes: %v", got["Bytes"].BinaryValue)
	}
	v.equal(messages[0].Attributes["ApproximateReceiveCount"], "1")
}

func TestAMessageOfAMebibytePasses(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	large := strings.Repeat("<\"&>", 1<<18)
	v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: &large})
	got := v.receive(url, 1, 5)
	if len(got) != 1 || *got[0].Body != large {
		t.Fatal("another body came back")
	}
}

func TestABatchGoesComesAndIsDeleted(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	var entries []types.SendMessageBatchRequestEntry
	for n := range 10 {
		entries = append(entries, types.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint("e", n)), MessageBody: aws.String(fmt.Sprint("body ", n)), MessageAttributes: attributes,
		})
	}
	entries[3].MessageBody = aws.String("bad \x01")
	sent, err := v.sqs.SendMessageBatch(v.ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: entries})
	v.must(err)
	v.equal(len(sent.Successful), 9)
	v.equal(*sent.Failed[0].Code, "InvalidMessageContents")
	var got []types.Message
	for len(got) < 9 {
		some := v.receive(url, 10, 5)
		if len(some) == 0 {
			t.Fatalf("only %d of 9 came", len(got))
		}
		got = append(got, some...)
	}
	var gone []types.DeleteMessageBatchRequestEntry
	for n, message := range got {
		gone = append(gone, types.DeleteMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(n)), ReceiptHandle: message.ReceiptHandle})
	}
	deleted, err := v.sqs.DeleteMessageBatch(v.ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: gone})
	v.must(err)
	v.equal(len(deleted.Successful), 9)
	v.equal(v.attribute(url, "ApproximateNumberOfMessagesNotVisible"), "0")
}

func TestALongPollAnswersWithWhatArrivesMeanwhile(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	began := time.Now()
	time.AfterFunc(time.Second, func() {
		_, _ = v.sqs.SendMessage(v.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("at last")})
	})
	v.equal(bodies(v.receive(url, 10, 20)), []string{"at last"})
	if took := time.Since(began); took > 10*time.Second {
		t.Fatalf("took %v", took)
	}
}

func TestAPollerThatHangsUpTakesNothingWithIt(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	short, hangUp := context.WithTimeout(v.ctx, 500*time.Millisecond)
	defer hangUp()
	if _, err := v.sqs.ReceiveMessage(short, &sqs.ReceiveMessageInput{QueueUrl: &url, WaitTimeSeconds: 20}); err == nil {
		t.Fatal("the poll was answered")
	}
	v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("not lost")})
	got := v.receive(url, 1, 5)
	v.equal(bodies(got), []string{"not lost"})
	v.equal(got[0].Attributes["ApproximateReceiveCount"], "1")
}

func TestVisibilityIsGivenBackAndProlonged(t *testing.T) {
	v := visit(t)
	url := v.queue("", map[string]string{"VisibilityTimeout": "1"})
	v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	first := v.receive(url, 1, 5)[0]
	change := func(handle *string, seconds int32) {
		_, err := v.sqs.ChangeMessageVisibility(v.ctx, &sqs.ChangeMessageVisibilityInput{
			QueueUrl: &url, ReceiptHandle: handle, VisibilityTimeout: seconds,
		})
		v.must(err)
	}
	change(first.ReceiptHandle, 0)
	second := v.receive(url, 1, 0)[0]
	v.equal(second.Attributes["ApproximateReceiveCount"], "2")
	change(second.ReceiptHandle, 30)
	v.equal(len(v.receive(url, 1, 2)), 0)
	_, err := v.sqs.DeleteMessage(v.ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: second.ReceiptHandle})
	v.must(err)
}

func TestAFailingMessageIsSetAsideAndRedriven(t *testing.T) {
	v := visit(t)
	dead := v.queue("", nil)
	arn := v.attribute(dead, "QueueArn")
	url := v.queue("", map[string]string{
		"VisibilityTimeout": "0",
		"RedrivePolicy":     fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":1}`, arn),
	})
	v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("poison")})
	v.equal(bodies(v.receive(url, 1, 0)), []string{"poison"})
	v.equal(len(v.receive(url, 1, 0)), 0)
	sources, err := v.sqs.ListDeadLetterSourceQueues(v.ctx, &sqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead})
	v.must(err)
	v.equal(sources.QueueUrls, []string{url})
	v.equal(v.attribute(dead, "ApproximateNumberOfMessages"), "1")
	_, err = v.sqs.StartMessageMoveTask(v.ctx, &sqs.StartMessageMoveTaskInput{SourceArn: &arn})
	v.must(err)
	v.equal(bodies(v.receive(url, 1, 10)), []string{"poison"})
	tasks, err := v.sqs.ListMessageMoveTasks(v.ctx, &sqs.ListMessageMoveTasksInput{SourceArn: &arn})
	v.must(err)
	v.equal(*tasks.Results[0].SourceArn, arn)
}

func TestAFifoQueueKeepsOrderAndDropsRepeats(t *testing.T) {
	v := visit(t)
	url := v.queue(".fifo", map[string]string{"FifoQueue": "true"})
	for _, one := range []string{"a1", "b1", "a2", "a2"} {
		sent := v.send(&sqs.SendMessageInput{
			QueueUrl: &url, MessageBody: &one, MessageGroupId: aws.String(one[:1]), MessageDeduplicationId: &one,
		})
		if sent.SequenceNumber == nil {
			t.Fatal("no sequence number")
		}
	}
	v.equal(bodies(v.receive(url, 10, 5)), []string{"a1", "a2", "b1"})
	v.equal(len(v.receive(url, 10, 0)), 0)
}

func TestAPurgedQueueIsEmpty(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	v.send(&sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
	_, err := v.sqs.PurgeQueue(v.ctx, &sqs.PurgeQueueInput{QueueUrl: &url})
	v.must(err)
	v.equal(len(v.receive(url, 1, 1)), 0)
}

func TestErrorsHaveTheirTypeAndTheOldCode(t *testing.T) {
	v := visit(t)
	url := v.queue("", nil)
	_, err := v.sqs.GetQueueUrl(v.ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("nowhere")})
	if missing := (*types.QueueDoesNotExist)(nil); !errors.As(err, &missing) {
		t.Fatalf("not QueueDoesNotExist: %v", err)
	}
	v.equal(code(err), "AWS.SimpleQueueService.NonExistentQueue")
	_, err = v.sqs.DeleteMessage(v.ctx, &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: aws.String("garbage")})
	if invalid := (*types.ReceiptHandleIsInvalid)(nil); !errors.As(err, &invalid) {
		t.Fatalf("not ReceiptHandleIsInvalid: %v", err)
	}
	_, err = v.sqs.SendMessageBatch(v.ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: []types.SendMessageBatchRequestEntry{}})
	if empty := (*types.EmptyBatchRequest)(nil); !errors.As(err, &empty) {
		t.Fatalf("not EmptyBatchRequest: %v", err)
	}
	v.equal(code(err), "AWS.SimpleQueueService.EmptyBatchRequest")
}

func code(err error) string {
	var failure smithy.APIError
	if errors.As(err, &failure) {
		return failure.ErrorCode()
	}
	return fmt.Sprint(err)
}
