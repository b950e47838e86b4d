//! A tour of SQS with the AWS SDK for Rust. Nothing is set but the endpoint, by its environment variable.

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use aws_config::BehaviorVersion;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    Message, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};

const BODY: &str = "<a href=\"x\">&amp;</a> + % grüße 🦀\t\r\n\rend";

async fn client() -> Client {
    Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await)
}

fn unique_name(suffix: &str) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!(
        "tour-rust-{}-{}{suffix}",
        std::process::id(),
        now.as_nanos()
    )
}

async fn queue(sqs: &Client, suffix: &str, attributes: &[(QueueAttributeName, &str)]) -> String {
    let attributes: HashMap<_, _> = attributes
        .iter()
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    let made = sqs
        .create_queue()
        .queue_name(unique_name(suffix))
        .set_attributes(Some(attributes))
        .tags("team", "a")
        .send()
        .await
        .unwrap();
    made.queue_url.unwrap()
}

async fn receive(sqs: &Client, url: &str, at_most: i32, wait_seconds: i32) -> Vec<Message> {
    let got = sqs
        .receive_message()
        .queue_url(url)
        .max_number_of_messages(at_most)
        .wait_time_seconds(wait_seconds)
        .message_attribute_names("All")
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .send()
        .await
        .unwrap();
    got.messages.unwrap_or_default()
}

async fn attribute(sqs: &Client, url: &str, name: QueueAttributeName) -> String {
    let got = sqs
        .get_queue_attributes()
        .queue_url(url)
        .attribute_names(name.clone())
        .send()
        .await
        .unwrap();
    got.attributes.unwrap()[&name].clone()
}

async fn send(sqs: &Client, url: &str, body: &str) {
    sqs.send_message()
        .queue_url(url)
        .message_body(body)
        .send()
        .await
        .unwrap();
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages
        .iter()
        .map(|message| message.body().unwrap())
        .collect()
}

fn text(data_type: &str, value: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder()
        .data_type(data_type)
        .string_value(value)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_queue_is_made_found_tagged_and_listed() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[(QueueAttributeName::VisibilityTimeout, "40")]).await;
    let name = url.rsplit('/').next().unwrap();
    let found = sqs.get_queue_url().queue_name(name).send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url.as_str()));
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::VisibilityTimeout).await,
        "40"
    );
    let tags = sqs.list_queue_tags().queue_url(&url).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["team"], "a");
    let listed = sqs
        .list_queues()
        .queue_name_prefix(name)
        .send()
        .await
        .unwrap();
    assert_eq!(listed.queue_urls(), [url]);
}

#[tokio::test]
async fn body_and_attributes_come_back_byte_for_byte() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[]).await;
    let bytes = MessageAttributeValue::builder()
        .data_type("Binary")
        .binary_value(Blob::new([0u8, 255, 7]))
        .build()
        .unwrap();
    let attributes = HashMap::from([
        (
            "Text".to_string(),
            text("String.json", "grüße <&> \"' 🦀\r\n"),
        ),
        ("Count".to_string(), text("Number.int", "42")),
        ("Bytes".to_string(), bytes),
    ]);
    let sent = sqs
        .send_message()
        .queue_url(&url)
        .message_body(BODY)
        .set_message_attributes(Some(attributes.clone()))
        .send()
        .await
        .unwrap();
    let got = receive(&sqs, &url, 1, 5).await;
    assert_eq!(bodies(&got), [BODY]);
    assert_eq!(got[0].message_id, sent.message_id);
    assert_eq!(got[0].message_attributes, Some(attributes));
    assert_eq!(
        got[0].md5_of_message_attributes,
        sent.md5_of_message_attributes
    );
    let count = &got[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "1");
}

#[tokio::test]
async fn a_batch_with_one_bad_body_sends_the_others() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[]).await;
    let entries = (0..10).map(|n| {
        let body = if n == 3 {
            "bad \u{1}".to_string()
        } else {
            format!("body {n}")
        };
        SendMessageBatchRequestEntry::builder()
            .id(format!("e{n}"))
            .message_body(body)
            .build()
            .unwrap()
    });
    let sent = sqs
        .send_message_batch()
        .queue_url(&url)
        .set_entries(Some(entries.collect()))
        .send()
        .await
        .unwrap();
    assert_eq!(sent.successful().len(), 9);
    assert_eq!(sent.failed()[0].code(), "InvalidMessageContents");
    assert_eq!(
        attribute(&sqs, &url, QueueAttributeName::ApproximateNumberOfMessages).await,
        "9"
    );
}

#[tokio::test]
async fn a_long_poll_answers_with_what_arrives_meanwhile() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[]).await;
    let began = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        send(&sqs, &url, "at last").await;
    };
    let (got, ()) = tokio::join!(receive(&sqs, &url, 10, 20), later);
    assert_eq!(bodies(&got), ["at last"]);
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_poll_that_is_dropped_takes_no_message_with_it() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[]).await;
    let dropped =
        tokio::time::timeout(Duration::from_millis(500), receive(&sqs, &url, 1, 20)).await;
    assert!(dropped.is_err());
    send(&sqs, &url, "not lost").await;
    let got = receive(&sqs, &url, 1, 5).await;
    assert_eq!(bodies(&got), ["not lost"]);
    let count = &got[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "1");
}

#[tokio::test]
async fn a_failing_message_is_set_aside_and_redriven() {
    let sqs = client().await;
    let dead = queue(&sqs, "", &[]).await;
    let arn = attribute(&sqs, &dead, QueueAttributeName::QueueArn).await;
    let policy = format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"1"}}"#);
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, "0"),
        (QueueAttributeName::RedrivePolicy, &policy),
    ];
    let url = queue(&sqs, "", &attributes).await;
    send(&sqs, &url, "poison").await;
    assert_eq!(bodies(&receive(&sqs, &url, 1, 0).await), ["poison"]);
    assert!(receive(&sqs, &url, 1, 0).await.is_empty());
    assert_eq!(
        attribute(&sqs, &dead, QueueAttributeName::ApproximateNumberOfMessages).await,
        "1"
    );
    sqs.start_message_move_task()
        .source_arn(&arn)
        .send()
        .await
        .unwrap();
    assert_eq!(bodies(&receive(&sqs, &url, 1, 10).await), ["poison"]);
}

#[tokio::test]
async fn a_fifo_queue_keeps_order_and_drops_repeats() {
    let sqs = client().await;
    let url = queue(&sqs, ".fifo", &[(QueueAttributeName::FifoQueue, "true")]).await;
    for one in ["a1", "b1", "a2", "a2"] {
        let send = sqs.send_message().queue_url(&url).message_body(one);
        let sent = send
            .message_group_id(&one[..1])
            .message_deduplication_id(one)
            .send()
            .await
            .unwrap();
        assert!(sent.sequence_number().is_some());
    }
    assert_eq!(
        bodies(&receive(&sqs, &url, 10, 5).await),
        ["a1", "a2", "b1"]
    );
    assert!(receive(&sqs, &url, 10, 0).await.is_empty());
}

#[tokio::test]
async fn errors_are_typed_and_carry_the_old_code() {
    let sqs = client().await;
    let url = queue(&sqs, "", &[]).await;
    let missing = sqs
        .get_queue_url()
        .queue_name("nowhere")
        .send()
        .await
        .unwrap_err();
    let missing = missing.into_service_error();
    assert!(missing.is_queue_does_not_exist(), "{missing:?}");
    assert_eq!(
        missing.code(),
        Some("AWS.SimpleQueueService.NonExistentQueue")
    );
    let garbage = sqs
        .delete_message()
        .queue_url(&url)
        .receipt_handle("garbage")
        .send()
        .await;
    assert!(
        garbage
            .unwrap_err()
            .into_service_error()
            .is_receipt_handle_is_invalid()
    );
    sqs.delete_queue().queue_url(&url).send().await.unwrap();
}
