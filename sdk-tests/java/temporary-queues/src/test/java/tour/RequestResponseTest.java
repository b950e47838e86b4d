package tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.sqs.AmazonSQSRequester;
import com.amazonaws.services.sqs.AmazonSQSRequesterClientBuilder;
import com.amazonaws.services.sqs.AmazonSQSResponder;
import com.amazonaws.services.sqs.AmazonSQSResponderClientBuilder;
import com.amazonaws.services.sqs.MessageContent;
import com.amazonaws.services.sqs.util.SQSMessageConsumerBuilder;
import java.net.URI;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.SendMessageRequest;

/**
 * Request and response by Amazon's temporary queues client, whose SDK of 2023 speaks Query: it makes queues with a KMS key and
 * heartbeats in tags, and hands a queue's URL to the other side in a message attribute.
 */
class RequestResponseTest {
  static SqsClient client() {
    return SqsClient.builder().endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL_SQS"))).build();
  }

  @Test
  void requestsAreAnsweredByWhoeverServesTheQueue() throws Exception {
    String prefix = "tour-temporary-" + UUID.randomUUID().toString().substring(0, 8);
    SqsClient sqs = client();
    String url = sqs.createQueue(r -> r.queueName(prefix + "-requests")).queueUrl();
    AmazonSQSRequester requester = AmazonSQSRequesterClientBuilder.standard().withAmazonSQS(client())
        .withInternalQueuePrefix(prefix).withQueueHeartbeatInterval(5).withIdleQueueRetentionPeriodSeconds(60).build();
    AmazonSQSResponder responder = AmazonSQSResponderClientBuilder.standard().withAmazonSQS(client())
        .withInternalQueuePrefix(prefix).build();
    var serving = SQSMessageConsumerBuilder.standard().withAmazonSQS(responder.getAmazonSQS()).withQueueUrl(url)
        .withConsumer(message -> responder.sendResponseMessage(
            MessageContent.fromMessage(message), new MessageContent(message.body().toUpperCase())))
        .build();
    serving.start();

    List<CompletableFuture<String>> answers = IntStream.range(0, 5).mapToObj(n -> {
      var request = SendMessageRequest.builder().queueUrl(url).messageBody("grüße " + n).build();
      return requester.sendMessageAndGetResponseAsync(request, 30, TimeUnit.SECONDS).thenApply(m -> m.body());
    }).toList();
    for (int n = 0; n < 5; n++) {
      assertEquals("GRÜSSE " + n, answers.get(n).get(30, TimeUnit.SECONDS));
    }
    assertTrue(sqs.listQueues(r -> r.queueNamePrefix(prefix)).queueUrls().size() > 1);

    serving.terminate();
    responder.shutdown();
    requester.shutdown();
    for (String left : sqs.listQueues(r -> r.queueNamePrefix(prefix)).queueUrls()) {
      deleteIfThere(sqs, left);
    }
  }

  static void deleteIfThere(SqsClient sqs, String url) {
    try {
      sqs.deleteQueue(r -> r.queueUrl(url));
    } catch (QueueDoesNotExistException gone) {
      assertEquals("AWS.SimpleQueueService.NonExistentQueue", gone.awsErrorDetails().errorCode());
    }
  }
}
