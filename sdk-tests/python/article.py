import boto3
sqs = boto3.client('sqs')
response = sqs.send_message(
    QueueUrl='https://sqs.us-east-1.amazonaws.com/123456789012/MyQueue',
    MessageBody='Hello, World!')
print('Message ID:', response['MessageId'])
