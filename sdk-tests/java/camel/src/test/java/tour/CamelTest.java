package tour;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.aws2.sqs.Sqs2Constants;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/** Camel's routes from and to queues: it looks for a queue by listing, makes it when missing, and polls without a wait. */
class CamelTest {
  static final String PREFIX = "tour-camel-" + UUID.randomUUID();

  static String queue(String name, String options) {
    return "aws2-sqs://" + PREFIX + name + "?useDefaultCredentialsProvider=true&region=us-east-1&autoCreateQueue=true"
        + "&overrideEndpoint=true&uriEndpointOverride=" + System.getenv("AWS_ENDPOINT_URL_SQS") + options;
  }

  static String next(BlockingQueue<String> queue) throws InterruptedException {
    String one = queue.poll(30, TimeUnit.SECONDS);
    assertNotNull(one, "nothing came");
    return one;
  }

  @Test
  void routesMoveMessagesFromQueueToQueue() throws Exception {
    var arrived = new LinkedBlockingQueue<String>();
    var tries = new LinkedBlockingQueue<String>();
    try (var context = new DefaultCamelContext()) {
      context.addRoutes(new RouteBuilder() {
        @Override
        public void configure() {
          from(queue("-in", "&messageAttributeNames=All&maxMessagesPerPoll=5"))
              .transform(simple("${body} ${header.from}")).to(queue("-out", ""));
          from(queue("-out", "&visibilityTimeout=30")).process(e -> arrived.add(e.getMessage().getBody(String.class)));
          from(queue("-failing", "&visibilityTimeout=1&attributeNames=All")).process(e -> {
            String count = e.getMessage().getHeader(Sqs2Constants.ATTRIBUTES, Map.class)
                .get(MessageSystemAttributeName.APPROXIMATE_RECEIVE_COUNT).toString();
            tries.add(count);
            if (count.equals("1")) {
              throw new IllegalStateException("the first time it fails");
            }
          });
        }
      });
      context.start();
      var producer = context.createProducerTemplate();
      for (int n = 0; n < 7; n++) {
        producer.sendBodyAndHeader(queue("-in", ""), "grüße 🦀 " + n, "from", "camel");
      }
      for (int n = 0; n < 7; n++) {
        assertEquals("grüße 🦀 " + n + " camel", next(arrived));
      }
      producer.sendBody(queue("-failing", ""), "x");
      assertEquals("1", next(tries));
      assertEquals("2", next(tries));
    }
  }
}
