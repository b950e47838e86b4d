package tour;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazon.sqs.javamessaging.ProviderConfiguration;
import com.amazon.sqs.javamessaging.SQSConnection;
import com.amazon.sqs.javamessaging.SQSConnectionFactory;
import jakarta.jms.BytesMessage;
import jakarta.jms.InvalidDestinationException;
import jakarta.jms.Message;
import jakarta.jms.Session;
import jakarta.jms.TextMessage;
import java.net.URI;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.SqsClient;

/** JMS over SQS by Amazon's library: it polls ahead for 20 s, and gives back by ChangeMessageVisibilityBatch to 0. */
class JmsTest {
  static final long PATIENCE_MS = 30_000;

  // One for all tests: closing it waits until its long polls of 20 s are answered.
  static SQSConnection connection;

  @BeforeAll
  static void connect() throws Exception {
    var sqs = SqsClient.builder().endpointOverride(URI.create(System.getenv("AWS_ENDPOINT_URL_SQS"))).build();
    connection = new SQSConnectionFactory(new ProviderConfiguration(), sqs).createConnection();
    connection.start();
  }

  @AfterAll
  static void disconnect() throws Exception {
    connection.close();
  }

  String queue() throws Exception {
    String name = "tour-jms-" + UUID.randomUUID();
    var client = connection.getWrappedAmazonSQSClient();
    assertFalse(client.queueExists(name));
    client.createQueue(name);
    assertTrue(client.queueExists(name));
    return name;
  }

  @Test
  void textAndBytesGoWithTheirProperties() throws Exception {
    var session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    var queue = session.createQueue(queue());
    var producer = session.createProducer(queue);
    TextMessage text = session.createTextMessage("grüße 🦀 <&>\r\n");
    text.setIntProperty("count", 42);
    text.setBooleanProperty("yes", true);
    text.setDoubleProperty("half", 0.5);
    text.setJMSCorrelationID("correlation");
    text.setJMSReplyTo(queue);
    producer.send(text);
    assertNotNull(text.getJMSMessageID());

    var consumer = session.createConsumer(queue);
    TextMessage got = (TextMessage) consumer.receive(PATIENCE_MS);
    assertEquals("grüße 🦀 <&>\r\n", got.getText());
    assertEquals(42, got.getIntProperty("count"));
    assertTrue(got.getBooleanProperty("yes"));
    assertEquals(0.5, got.getDoubleProperty("half"));
    assertEquals("correlation", got.getJMSCorrelationID());
    assertEquals(queue, got.getJMSReplyTo());
    assertEquals(1, got.getIntProperty("JMSXDeliveryCount"));

    BytesMessage bytes = session.createBytesMessage();
    bytes.writeBytes(new byte[] {0, (byte) 255, 7});
    producer.send(bytes);
    BytesMessage raw = (BytesMessage) consumer.receive(PATIENCE_MS);
    byte[] content = new byte[3];
    raw.readBytes(content);
    assertArrayEquals(new byte[] {0, (byte) 255, 7}, content);
  }

  @Test
  void aListenerIsGivenWhatComes() throws Exception {
    var session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    var queue = session.createQueue(queue());
    var got = new LinkedBlockingQueue<Message>();
    session.createConsumer(queue).setMessageListener(got::add);
    var producer = connection.createSession(false, Session.AUTO_ACKNOWLEDGE).createProducer(queue);
    for (int n = 0; n < 5; n++) {
      producer.send(session.createTextMessage("body " + n));
    }
    for (int n = 0; n < 5; n++) {
      assertNotNull(got.poll(PATIENCE_MS, TimeUnit.MILLISECONDS), "only " + n + " of 5 came");
    }
  }

  @Test
  void aSessionThatRecoversIsGivenItsMessagesOnceMore() throws Exception {
    var session = connection.createSession(false, Session.CLIENT_ACKNOWLEDGE);
    var queue = session.createQueue(queue());
    session.createProducer(queue).send(session.createTextMessage("again"));
    var consumer = session.createConsumer(queue);
    assertNotNull(consumer.receive(PATIENCE_MS));
    session.recover();
    Message again = consumer.receive(PATIENCE_MS);
    assertEquals(2, again.getIntProperty("JMSXDeliveryCount"));
    again.acknowledge();
  }

  @Test
  void aFifoQueueKeepsItsGroupsInOrder() throws Exception {
    String name = "tour-jms-" + UUID.randomUUID() + ".fifo";
    connection.getWrappedAmazonSQSClient().createQueue(
        software.amazon.awssdk.services.sqs.model.CreateQueueRequest.builder().queueName(name)
            .attributesWithStrings(Map.of("FifoQueue", "true", "ContentBasedDeduplication", "true")).build());
    var session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    var queue = session.createQueue(name);
    var producer = session.createProducer(queue);
    for (String one : new String[] {"1", "2", "3"}) {
      TextMessage message = session.createTextMessage(one);
      message.setStringProperty("JMSXGroupID", "group");
      producer.send(message);
    }
    var consumer = session.createConsumer(queue);
    for (String one : new String[] {"1", "2", "3"}) {
      assertEquals(one, ((TextMessage) consumer.receive(PATIENCE_MS)).getText());
    }
  }

  @Test
  void aMissingQueueIsAnInvalidDestination() throws Exception {
    var session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
    assertThrows(InvalidDestinationException.class, () -> session.createQueue("nowhere"));
  }
}
