package tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.EmptyBatchRequestException;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueDoesNotExistException;
import software.amazon.awssdk.services.sqs.model.QueueNameExistsException;
import software.amazon.awssdk.services.sqs.model.ReceiptHandleIsInvalidException;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

/**
 * A tour of SQS with the AWS SDK for Java 2 over its usual HTTP client. Nothing is set but the endpoint, by its
 * environment variable. The SDK itself refuses an answer whose MD5s are wrong.
 */
class TourTest {
  static final String BODY = "<a href=\"x\">&amp;</a> + % grüße 🦀\t\r\n\rend";
  static final Map<String, MessageAttributeValue> ATTRIBUTES = Map.of(
      "Text", MessageAttributeValue.builder().dataType("String.json").stringValue("grüße <&> \"' 🦀\r\n").build(),
      "Count", MessageAttributeValue.builder().dataType("Number.int").stringValue("42").build(),
      "Bytes", MessageAttributeValue.builder().dataType("Binary")
          .binaryValue(SdkBytes.fromByteArray(new byte[] {0, (byte) 255, 7})).build());

  static SqsClient sqs;
  final List<String> queues = new ArrayList<>();

  @BeforeAll
  static void connect() {
    sqs = SqsClient.create();
  }

  @AfterAll
  static void disconnect() {
    sqs.close();
  }

  @AfterEach
  void deleteQueues() {
    queues.forEach(url -> sqs.deleteQueue(r -> r.queueUrl(url)));
  }

  String queue(String suffix, Map<QueueAttributeName, String> attributes) {
    String url = sqs.createQueue(r -> r.queueName("tour-java-" + UUID.randomUUID() + suffix)
        .attributes(attributes).tags(Map.of("team", "a"))).queueUrl();
    queues.add(url);
    return url;
  }

  List<Message> receive(String url, int atMost, int waitSeconds) {
    return sqs.receiveMessage(r -> r.queueUrl(url).maxNumberOfMessages(atMost).waitTimeSeconds(waitSeconds)
        .messageAttributeNames("All").messageSystemAttributeNames(MessageSystemAttributeName.ALL)).messages();
  }

  String attribute(String url, QueueAttributeName name) {
    return sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(name)).attributes().get(name);
  }

  static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::body).toList();
  }

  @Test
  void aQueueIsMadeFoundTaggedAndListed() {
    String url = queue("", Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "40"));
    String name = url.substring(url.lastIndexOf('/') + 1);
    assertEquals(url, sqs.getQueueUrl(r -> r.queueName(name)).queueUrl());
    assertEquals("40", attribute(url, QueueAttributeName.VISIBILITY_TIMEOUT));
    assertEquals(Map.of("team", "a"), sqs.listQueueTags(r -> r.queueUrl(url)).tags());
    assertEquals(List.of(url), sqs.listQueuesPaginator(r -> r.queueNamePrefix(name).maxResults(1)).queueUrls()
        .stream().toList());
    assertThrows(QueueNameExistsException.class, () -> sqs.createQueue(r -> r.queueName(name)
        .attributes(Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "41"))));
  }

  @Test
  void bodyAndAttributesComeBackByteForByte() {
    String url = queue("", Map.of());
    String id = sqs.sendMessage(r -> r.queueUrl(url).messageBody(BODY).messageAttributes(ATTRIBUTES)).messageId();
    Message message = receive(url, 1, 5).get(0);
    assertEquals(BODY, message.body());
    assertEquals(id, message.messageId());
    assertEquals(ATTRIBUTES, message.messageAttributes());
    assertEquals("1", message.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
  }

  @Test
  void aMessageOfAMebibytePasses() {
    String url = queue("", Map.of());
    String large = "<\"é>".repeat(1048576 / 5);
    sqs.sendMessage(r -> r.queueUrl(url).messageBody(large));
    assertEquals(List.of(large), bodies(receive(url, 1, 5)));
  }

  @Test
  void aBatchGoesComesAndIsDeleted() {
    String url = queue("", Map.of());
    var entries = IntStream.range(0, 10).mapToObj(n -> SendMessageBatchRequestEntry.builder()
        .id("e" + n).messageBody(n == 3 ? "bad \u0001" : "body " + n).messageAttributes(ATTRIBUTES).build()).toList();
    var sent = sqs.sendMessageBatch(r -> r.queueUrl(url).entries(entries));
    assertEquals(9, sent.successful().size());
    assertEquals("InvalidMessageContents", sent.failed().get(0).code());
    List<Message> got = new ArrayList<>();
    while (got.size() < 9) {
      List<Message> some = receive(url, 10, 5);
      assertFalse(some.isEmpty(), "only " + got.size() + " of 9 came");
      got.addAll(some);
    }
    sqs.changeMessageVisibilityBatch(r -> r.queueUrl(url).entries(e -> e.id("a")
        .receiptHandle(got.get(0).receiptHandle()).visibilityTimeout(60)));
    for (Message message : got) {
      sqs.deleteMessageBatch(r -> r.queueUrl(url).entries(e -> e.id("a").receiptHandle(message.receiptHandle())));
    }
    assertEquals("0", attribute(url, QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE));
  }

  @Test
  void aLongPollAnswersWithWhatArrivesMeanwhile() {
    String url = queue("", Map.of());
    long began = System.nanoTime();
    var sending = CompletableFuture.runAsync(() -> sqs.sendMessage(r -> r.queueUrl(url).messageBody("at last")),
        CompletableFuture.delayedExecutor(1, TimeUnit.SECONDS));
    assertEquals(List.of("at last"), bodies(receive(url, 10, 20)));
    sending.join();
    assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(10));
  }

  @Test
  void visibilityIsGivenBackAndProlonged() {
    String url = queue("", Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "1"));
    sqs.sendMessage(r -> r.queueUrl(url).messageBody("x"));
    Message first = receive(url, 1, 5).get(0);
    sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(first.receiptHandle()).visibilityTimeout(0));
    Message second = receive(url, 1, 0).get(0);
    assertEquals("2", second.attributes().get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT));
    sqs.changeMessageVisibility(r -> r.queueUrl(url).receiptHandle(second.receiptHandle()).visibilityTimeout(30));
    assertEquals(List.of(), receive(url, 1, 2));
    sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle(second.receiptHandle()));
  }

  @Test
  void aFailingMessageIsSetAsideAndRedriven() {
    String dead = queue("", Map.of());
    String arn = attribute(dead, QueueAttributeName.QUEUE_ARN);
    String url = queue("", Map.of(QueueAttributeName.VISIBILITY_TIMEOUT, "0", QueueAttributeName.REDRIVE_POLICY,
        "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":\"1\"}"));
    sqs.sendMessage(r -> r.queueUrl(url).messageBody("poison"));
    assertEquals(List.of("poison"), bodies(receive(url, 1, 0)));
    assertEquals(List.of(), receive(url, 1, 0));
    assertEquals(List.of(url), sqs.listDeadLetterSourceQueues(r -> r.queueUrl(dead)).queueUrls());
    sqs.startMessageMoveTask(r -> r.sourceArn(arn));
    assertEquals(List.of("poison"), bodies(receive(url, 1, 10)));
    var task = sqs.listMessageMoveTasks(r -> r.sourceArn(arn)).results().get(0);
    assertEquals(1, task.approximateNumberOfMessagesToMove());
    assertTrue(task.startedTimestamp() > 1_000_000_000_000L);
  }

  @Test
  void aFifoQueueKeepsOrderAndDropsRepeats() {
    String url = queue(".fifo", Map.of(QueueAttributeName.FIFO_QUEUE, "true"));
    for (String one : List.of("a1", "b1", "a2", "a2")) {
      var sent = sqs.sendMessage(r -> r.queueUrl(url).messageBody(one).messageGroupId(one.substring(0, 1))
          .messageDeduplicationId(one));
      assertFalse(sent.sequenceNumber().isEmpty());
    }
    assertEquals(List.of("a1", "a2", "b1"), bodies(receive(url, 10, 5)));
    assertEquals(List.of(), receive(url, 10, 0));
  }

  @Test
  void aPurgedQueueIsEmpty() {
    String url = queue("", Map.of());
    sqs.sendMessage(r -> r.queueUrl(url).messageBody("x"));
    sqs.purgeQueue(r -> r.queueUrl(url));
    assertEquals(List.of(), receive(url, 1, 1));
  }

  @Test
  void errorsHaveTheirClassAndTheOldCode() {
    String url = queue("", Map.of());
    var missing = assertThrows(QueueDoesNotExistException.class, () -> sqs.getQueueUrl(r -> r.queueName("nowhere")));
    assertEquals("AWS.SimpleQueueService.NonExistentQueue", missing.awsErrorDetails().errorCode());
    assertFalse(missing.requestId().isEmpty());
    assertThrows(ReceiptHandleIsInvalidException.class,
        () -> sqs.deleteMessage(r -> r.queueUrl(url).receiptHandle("garbage")));
    var empty = assertThrows(EmptyBatchRequestException.class,
        () -> sqs.sendMessageBatch(r -> r.queueUrl(url).entries(List.of())));
    assertEquals("AWS.SimpleQueueService.EmptyBatchRequest", empty.awsErrorDetails().errorCode());
    var value = assertThrows(SqsException.class, () -> receive(url, 11, 0));
    assertEquals("InvalidParameterValue", value.awsErrorDetails().errorCode());
  }
}
