#!/usr/bin/env bash
# A tour of SQS with the AWS CLI, as its users type it: --endpoint-url on the command line (version 1 does not take the
# environment variable for SQS), --query and --output text to pick out what they want. Needs `aws` in the PATH.
set -euo pipefail

endpoint=${AWS_ENDPOINT_URL_SQS:?the address of the broker}
name=cli-$$-$RANDOM
body=$'<a href="x">&amp;</a> + % grüße 🦀\t\r\nend'
export AWS_PAGER='' PYTHONUTF8=1

sqs() { aws --endpoint-url "$endpoint" --output text sqs "$@"; }

step() { printf 'step: %s\n' "$1"; }

equal() {
  [[ $1 == "$2" ]] && return
  printf 'FAILED: %q is not %q\n' "$1" "$2" >&2
  exit 1
}

# The call must fail, with this error code in what the CLI prints.
refused() {
  local code=$1 printed
  shift
  if printed=$(sqs "$@" 2>&1); then
    printf 'FAILED: was accepted: %s\n' "$*" >&2
    exit 1
  fi
  [[ $printed == *"($code)"* ]] && return
  printf 'FAILED: not %s but: %s\n' "$code" "$printed" >&2
  exit 1
}

step 'a queue is made with attributes and tags, and found'
url=$(sqs create-queue --queue-name "$name" --attributes VisibilityTimeout=40 --tags team=a,stage=test --query QueueUrl)
equal "${url##*/}" "$name"
equal "$(sqs get-queue-url --queue-name "$name" --query QueueUrl)" "$url"
equal "$(sqs get-queue-attributes --queue-url "$url" --attribute-names VisibilityTimeout --query Attributes.VisibilityTimeout)" 40
equal "$(sqs list-queue-tags --queue-url "$url" --query Tags.stage)" test

# Version 1 takes binary values as they are typed, and prints them in base64.
step 'a body and attributes go and come byte for byte'
id=$(sqs send-message --queue-url "$url" --message-body "$body" --query MessageId --message-attributes '{
  "Text": {"DataType": "String.json", "StringValue": "grüße 🦀"},
  "Bytes": {"DataType": "Binary", "BinaryValue": "raw"}}')
got=$(aws --endpoint-url "$endpoint" --output json sqs receive-message --queue-url "$url" --wait-time-seconds 5 \
  --message-attribute-names All --message-system-attribute-names All)
field() { python3 -c 'import json, sys; message = json.load(sys.stdin)["Messages"][0]; print(eval(sys.argv[1]), end=".")' "$1" <<<"$got"; }
equal "$(field 'message["Body"]')" "$body."
equal "$(field 'message["MessageId"]')" "$id."
equal "$(field 'message["MessageAttributes"]["Text"]["StringValue"]')" 'grüße 🦀.'
equal "$(field 'message["MessageAttributes"]["Bytes"]["BinaryValue"]')" 'cmF3.'
equal "$(field 'message["Attributes"]["ApproximateReceiveCount"]')" '1.'
handle=$(field 'message["ReceiptHandle"]')
handle=${handle%.}

step 'its visibility is given back, it is received again and deleted'
sqs change-message-visibility --queue-url "$url" --receipt-handle "$handle" --visibility-timeout 0
handle=$(sqs receive-message --queue-url "$url" --query 'Messages[0].ReceiptHandle')
sqs delete-message --queue-url "$url" --receipt-handle "$handle"
equal "$(sqs get-queue-attributes --queue-url "$url" --attribute-names ApproximateNumberOfMessages ApproximateNumberOfMessagesNotVisible \
  --query 'Attributes.[ApproximateNumberOfMessages, ApproximateNumberOfMessagesNotVisible]' | tr '\t' ' ')" '0 0'

step 'a batch goes, comes and is deleted'
sent=$(sqs send-message-batch --queue-url "$url" --query 'Successful[].Id' \
  --entries Id=a,MessageBody=one Id=b,MessageBody=two Id=c,MessageBody=three)
equal "$sent" $'a\tb\tc'
handles=$(sqs receive-message --queue-url "$url" --max-number-of-messages 10 --wait-time-seconds 5 --query 'Messages[].ReceiptHandle')
read -ra handles <<<"$handles"
equal "${#handles[@]}" 3
deleted=$(sqs delete-message-batch --queue-url "$url" --query 'Successful[].Id' \
  --entries "Id=a,ReceiptHandle=${handles[0]}" "Id=b,ReceiptHandle=${handles[1]}" "Id=c,ReceiptHandle=${handles[2]}")
equal "$deleted" $'a\tb\tc'

step 'an empty receive prints nothing'
equal "$(sqs receive-message --queue-url "$url")" ''

step 'a failing message goes to the dead-letter queue and is redriven'
dead=$(sqs create-queue --queue-name "$name-dead" --query QueueUrl)
arn=$(sqs get-queue-attributes --queue-url "$dead" --attribute-names QueueArn --query Attributes.QueueArn)
sqs set-queue-attributes --queue-url "$url" --attributes \
  "{\"VisibilityTimeout\": \"0\", \"RedrivePolicy\": \"{\\\"deadLetterTargetArn\\\":\\\"$arn\\\",\\\"maxReceiveCount\\\":\\\"1\\\"}\"}"
sqs send-message --queue-url "$url" --message-body poison >/dev/null
equal "$(sqs receive-message --queue-url "$url" --query 'Messages[0].Body')" poison
equal "$(sqs receive-message --queue-url "$url")" ''
equal "$(sqs receive-message --queue-url "$dead" --visibility-timeout 0 --query 'Messages[0].Body')" poison
equal "$(sqs list-dead-letter-source-queues --queue-url "$dead" --query queueUrls)" "$url"
[[ -n $(sqs start-message-move-task --source-arn "$arn" --query TaskHandle) ]]
equal "$(sqs receive-message --queue-url "$url" --wait-time-seconds 10 --query 'Messages[0].Body')" poison
sqs purge-queue --queue-url "$url"

step 'a FIFO queue keeps order and drops a repeated send'
fifo=$(sqs create-queue --queue-name "$name.fifo" --attributes FifoQueue=true,ContentBasedDeduplication=true --query QueueUrl)
for one in first second first; do
  sqs send-message --queue-url "$fifo" --message-body "$one" --message-group-id g >/dev/null
done
equal "$(sqs receive-message --queue-url "$fifo" --max-number-of-messages 10 --query 'Messages[].Body')" $'first\tsecond'

step 'a listing pages by itself'
equal "$(sqs list-queues --queue-name-prefix "$name" --page-size 1 --query 'sort(QueueUrls)' | tr '\t\n' '  ' | wc -w)" 3

step 'errors carry the old codes'
refused AWS.SimpleQueueService.NonExistentQueue get-queue-url --queue-name "$name-nowhere"
refused ReceiptHandleIsInvalid delete-message --queue-url "$url" --receipt-handle garbage
refused InvalidAttributeName get-queue-attributes --queue-url "$url" --attribute-names Foobar

for each in "$url" "$dead" "$fifo"; do
  sqs delete-queue --queue-url "$each"
done
printf 'the tour is over\n'
