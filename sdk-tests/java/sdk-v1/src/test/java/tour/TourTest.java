package tour;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.AmazonSQSException;
import com.amazonaws.services.sqs.model.CreateQueueRequest;
import com.amazonaws.services.sqs.model.DeleteMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.EmptyBatchRequestException;
import com.amazonaws.services.sqs.model.ListMessageMoveTasksRequest;
import com.amazonaws.services.sqs.model.ListDeadLetterSourceQueuesRequest;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.PurgeQueueRequest;
import com.amazonaws.services.sqs.model.QueueDoesNotExistException;
import com.amazonaws.services.sqs.model.QueueNameExistsException;
import com.amazonaws.services.sqs.model.ReceiptHandleIsInvalidException;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageBatchRequestEntry;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import com.amazonaws.services.sqs.model.StartMessageMoveTaskRequest;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * A tour of SQS with the AWS SDK for Java 1.12. It takes its endpoint in code, posts AWS JSON to the queue URL's own host
 * and path, signs its User-Agent, and refuses an answer whose MD5s are wrong.
 */
class TourTest {
  static final String BODY = "<a href=\"x\">&amp;</a> + % grüße 🦀\t\r\n\rend";

  static AmazonSQS sqs;
  final List<String> queues = new ArrayList<>();

  @BeforeAll
  static void connect() {
    var endpoint = new EndpointConfiguration(System.getenv("AWS_ENDPOINT_URL_SQS"), "us-east-1");
    sqs = AmazonSQSClientBuilder.standard().withEndpointConfiguration(endpoint).build();
  }

  @AfterAll
  static void disconnect() {
    sqs.shutdown();
  }

  @AfterEach
  void deleteQueues() {
    queues.forEach(sqs::deleteQueue);
  }

  String queue(String suffix, Map<String, String> attributes) {
    String url = sqs.createQueue(new CreateQueueRequest("tour-java1-" + UUID.randomUUID() + suffix)
        .withAttributes(attributes).withTags(Map.of("team", "a"))).getQueueUrl();
    queues.add(url);
    return url;
  }

  List<Message> receive(String url, int atMost, int waitSeconds) {
    return sqs.receiveMessage(new ReceiveMessageRequest(url).withMaxNumberOfMessages(atMost)
        .withWaitTimeSeconds(waitSeconds).withMessageAttributeNames("All").withAttributeNames("All")).getMessages();
  }

  String attribute(String url, String name) {
    return sqs.getQueueAttributes(url, List.of(name)).getAttributes().get(name);
  }

  static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::getBody).toList();
  }

  static Map<String, MessageAttributeValue> attributes() {
    return Map.of(
        "Text", new MessageAttributeValue().withDataType("String.json").withStringValue("grüße <&> \"' 🦀\r\n"),
        "Count", new MessageAttributeValue().withDataType("Number.int").withStringValue("42"),
        "Bytes", new MessageAttributeValue().withDataType("Binary")
            .withBinaryValue(ByteBuffer.wrap(new byte[] {0, (byte) 255, 7})));
  }

  @Test
  void aQueueIsMadeFoundTaggedAndListed() {
    String url = queue("", Map.of("VisibilityTimeout", "40"));
    String name = url.substring(url.lastIndexOf('/') + 1);
    assertEquals(url, sqs.getQueueUrl(name).getQueueUrl());
    assertEquals("40", attribute(url, "VisibilityTimeout"));
    assertEquals(Map.of("team", "a"), sqs.listQueueTags(url).getTags());
    assertEquals(List.of(url), sqs.listQueues(name).getQueueUrls());
    assertThrows(QueueNameExistsException.class,
        () -> sqs.createQueue(new CreateQueueRequest(name).addAttributesEntry("VisibilityTimeout", "41")));
  }

  @Test
  void bodyAndAttributesComeBackByteForByte() {
    String url = queue("", Map.of());
    String id = sqs.sendMessage(new SendMessageRequest(url, BODY).withMessageAttributes(attributes())).getMessageId();
    Message message = receive(url, 1, 5).get(0);
    assertEquals(BODY, message.getBody());
    assertEquals(id, message.getMessageId());
    assertEquals(attributes().get("Text"), message.getMessageAttributes().get("Text"));
    assertEquals(attributes().get("Count"), message.getMessageAttributes().get("Count"));
    assertArrayEquals(new byte[] {0, (byte) 255, 7}, message.getMessageAttributes().get("Bytes").getBinaryValue().array());
    assertEquals("1", message.getAttributes().get("ApproximateReceiveCount"));
  }

  @Test
  void aMessageOfAMebibytePassesThoughEveryLetterIsEscaped() {
    String url = queue("", Map.of());
    String large = "é".repeat(1 << 19);
    sqs.sendMessage(url, large);
    assertEquals(List.of(large), bodies(receive(url, 1, 5)));
  }

  @Test
  void aBatchGoesComesAndIsDeleted() {
    String url = queue("", Map.of());
    var entries = IntStream.range(0, 10).mapToObj(n -> new SendMessageBatchRequestEntry(
        "e" + n, n == 3 ? "bad \u0001" : "body " + n).withMessageAttributes(attributes())).toList();
    var sent = sqs.sendMessageBatch(url, entries);
    assertEquals(9, sent.getSuccessful().size());
    assertEquals("InvalidMessageContents", sent.getFailed().get(0).getCode());
    List<Message> got = new ArrayList<>();
    while (got.size() < 9) {
      List<Message> some = receive(url, 10, 5);
      assertFalse(some.isEmpty(), "only " + got.size() + " of 9 came");
      got.addAll(some);
    }
    var gone = IntStream.range(0, 9).mapToObj(n -> new DeleteMessageBatchRequestEntry(
        "e" + n, got.get(n).getReceiptHandle())).toList();
    assertEquals(9, sqs.deleteMessageBatch(url, gone).getSuccessful().size());
    assertEquals("0", attribute(url, "ApproximateNumberOfMessagesNotVisible"));
  }

  @Test
  void visibilityIsGivenBackAndProlonged() {
    String url = queue("", Map.of("VisibilityTimeout", "1"));
    sqs.sendMessage(url, "x");
    Message first = receive(url, 1, 5).get(0);
    sqs.changeMessageVisibility(url, first.getReceiptHandle(), 0);
    Message second = receive(url, 1, 0).get(0);
    assertEquals("2", second.getAttributes().get("ApproximateReceiveCount"));
    sqs.changeMessageVisibility(url, second.getReceiptHandle(), 30);
    assertEquals(List.of(), receive(url, 1, 2));
    sqs.deleteMessage(url, second.getReceiptHandle());
  }

  @Test
  void aFailingMessageIsSetAsideAndRedriven() {
    String dead = queue("", Map.of());
    String arn = attribute(dead, "QueueArn");
    String url = queue("", Map.of("VisibilityTimeout", "0", "RedrivePolicy",
        "{\"deadLetterTargetArn\":\"" + arn + "\",\"maxReceiveCount\":\"1\"}"));
    sqs.sendMessage(url, "poison");
    assertEquals(List.of("poison"), bodies(receive(url, 1, 0)));
    assertEquals(List.of(), receive(url, 1, 0));
    assertEquals(List.of(url), sqs.listDeadLetterSourceQueues(
        new ListDeadLetterSourceQueuesRequest().withQueueUrl(dead)).getQueueUrls());
    sqs.startMessageMoveTask(new StartMessageMoveTaskRequest().withSourceArn(arn));
    assertEquals(List.of("poison"), bodies(receive(url, 1, 10)));
    assertEquals(1L, sqs.listMessageMoveTasks(new ListMessageMoveTasksRequest().withSourceArn(arn)).getResults().get(0)
        .getApproximateNumberOfMessagesToMove());
  }

  @Test
  void aFifoQueueKeepsOrderAndDropsRepeats() {
    String url = queue(".fifo", Map.of("FifoQueue", "true"));
    for (String one : List.of("a1", "b1", "a2", "a2")) {
      var sent = sqs.sendMessage(new SendMessageRequest(url, one).withMessageGroupId(one.substring(0, 1))
          .withMessageDeduplicationId(one));
      assertFalse(sent.getSequenceNumber().isEmpty());
    }
    assertEquals(List.of("a1", "a2", "b1"), bodies(receive(url, 10, 5)));
    assertEquals(List.of(), receive(url, 10, 0));
  }

  @Test
  void aPurgedQueueIsEmpty() {
    String url = queue("", Map.of());
    sqs.sendMessage(url, "x");
    sqs.purgeQueue(new PurgeQueueRequest(url));
    assertEquals(List.of(), receive(url, 1, 1));
  }

  @Test
  void errorsHaveTheirClassAndTheOldCode() {
    String url = queue("", Map.of());
    var missing = assertThrows(QueueDoesNotExistException.class, () -> sqs.getQueueUrl("nowhere"));
    assertEquals("AWS.SimpleQueueService.NonExistentQueue", missing.getErrorCode());
    assertThrows(ReceiptHandleIsInvalidException.class, () -> sqs.deleteMessage(url, "garbage"));
    assertThrows(EmptyBatchRequestException.class, () -> sqs.sendMessageBatch(url, List.of()));
    var value = assertThrows(AmazonSQSException.class, () -> receive(url, 11, 0));
    assertEquals("InvalidParameterValue", value.getErrorCode());
  }
}
