package tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.awspring.cloud.sqs.annotation.SqsListener;
import io.awspring.cloud.sqs.operations.SqsTemplate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.support.MessageBuilder;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/** A Spring Boot application with listeners and a template; Spring makes the queues that are missing. */
class SpringTest {
  static final String PREFIX = "tour-spring-" + UUID.randomUUID();
  static final BlockingQueue<String> PLAIN = new LinkedBlockingQueue<>();
  static final BlockingQueue<Integer> TRIES = new LinkedBlockingQueue<>();
  static final BlockingQueue<String> ORDERED = new LinkedBlockingQueue<>();

  record Order(String name, int count) {}

  @SpringBootApplication
  static class Application {
    @SqsListener("${prefix}-orders")
    void onOrder(Order order, @Header("from") String from) {
      PLAIN.add(order.name() + " " + order.count() + " " + from);
    }

    @SqsListener(queueNames = "${prefix}-failing", messageVisibilitySeconds = "1")
    void onFailing(String body, @Header("Sqs_Msa_ApproximateReceiveCount") String count) {
      TRIES.add(Integer.valueOf(count));
      if (count.equals("1")) {
        throw new IllegalStateException("the first time it fails");
      }
    }

    @SqsListener(queueNames = "${prefix}-ordered.fifo")
    void onOrdered(String body) {
      ORDERED.add(body);
    }
  }

  static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T one = queue.poll(30, TimeUnit.SECONDS);
    assertNotNull(one, "nothing came");
    return one;
  }

  @Test
  void listenersAreGivenWhatTheTemplateSends() throws Exception {
    var application = new SpringApplicationBuilder(Application.class).web(WebApplicationType.NONE)
        .properties(Map.of("prefix", PREFIX, "spring.cloud.aws.sqs.endpoint", System.getenv("AWS_ENDPOINT_URL_SQS"),
            "spring.main.banner-mode", "off"));
    try (var context = application.run()) {
      var template = context.getBean(SqsTemplate.class);

      template.send(PREFIX + "-orders",
          MessageBuilder.withPayload(new Order("grüße 🦀", 3)).setHeader("from", "test").build());
      assertEquals("grüße 🦀 3 test", next(PLAIN));
      template.sendMany(PREFIX + "-orders", List.of(
          MessageBuilder.withPayload(new Order("a", 1)).setHeader("from", "batch").build(),
          MessageBuilder.withPayload(new Order("b", 2)).setHeader("from", "batch").build()));
      assertEquals(List.of("a 1 batch", "b 2 batch"), List.of(next(PLAIN), next(PLAIN)).stream().sorted().toList());

      template.send(PREFIX + "-failing", "x");
      assertEquals(1, next(TRIES));
      assertTrue(next(TRIES) > 1);

      for (String one : List.of("1", "2", "3", "4")) {
        template.send(to -> to.queue(PREFIX + "-ordered.fifo").payload(one).messageGroupId("g").messageDeduplicationId(one));
      }
      List<String> ordered = new ArrayList<>();
      for (int n = 0; n < 4; n++) {
        ordered.add(next(ORDERED));
      }
      assertEquals(List.of("1", "2", "3", "4"), ordered);
    }
    everythingIsAcknowledged();
  }

  /** Closing the application has flushed its deletes, which it sends in batches in the background. */
  static void everythingIsAcknowledged() {
    try (var sqs = SqsAsyncClient.builder()
        .endpointOverride(java.net.URI.create(System.getenv("AWS_ENDPOINT_URL_SQS"))).build()) {
      for (String name : List.of("-orders", "-failing", "-ordered.fifo")) {
        String url = sqs.getQueueUrl(r -> r.queueName(PREFIX + name)).join().queueUrl();
        var counts = sqs.getQueueAttributes(r -> r.queueUrl(url).attributeNames(
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
            QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE)).join().attributes();
        assertEquals(List.of("0", "0"), List.copyOf(counts.values()), name);
        sqs.deleteQueue(r -> r.queueUrl(url)).join();
      }
    }
  }
}
