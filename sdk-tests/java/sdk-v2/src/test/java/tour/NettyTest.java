package tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;

/** The asynchronous client over Netty: many calls at once, long polls among them. */
class NettyTest {
  @Test
  void manyPollersAndManySendsShareTheirConnections() {
    try (var sqs = SqsAsyncClient.create()) {
      String url = sqs.createQueue(r -> r.queueName("tour-netty-" + UUID.randomUUID())).join().queueUrl();
      var polls = IntStream.range(0, 10).mapToObj(n -> sqs.receiveMessage(r -> r.queueUrl(url).waitTimeSeconds(20)))
          .toList();
      var sends = IntStream.range(0, 10).mapToObj(n -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("body " + n)))
          .toList();
      sends.forEach(CompletableFuture::join);
      List<Message> got = polls.stream().flatMap(poll -> poll.join().messages().stream()).toList();
      Set<String> wanted = IntStream.range(0, 10).mapToObj(n -> "body " + n).collect(Collectors.toSet());
      assertEquals(wanted, got.stream().map(Message::body).collect(Collectors.toSet()));
      got.stream().map(message -> sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle(message.receiptHandle())))
          .toList().forEach(CompletableFuture::join);
      sqs.deleteQueue(r -> r.queueUrl(url)).join();
      var failure = assertThrows(CompletionException.class,
          () -> sqs.receiveMessage(r -> r.queueUrl(url)).join());
      assertInstanceOf(QueueDoesNotExistException.class, failure.getCause());
    }
  }
}
