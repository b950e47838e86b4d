"""A tour of SQS with boto3, one text for both protocols.

Run with a boto3 of today it speaks JSON, with boto3 1.26 Query. Nothing is set but the endpoint: by its environment
variable where boto3 knows that (since 1.28), by an argument before. Waits are long polls, never sleeps.
"""
import json
import os
import threading
import time
import unittest
import uuid

import boto3
from botocore.exceptions import ClientError

import md5

BODY = '<a href="x">&amp;</a> + % \' &quot; gr\u00fc\u00dfe \U0001f980 \ufffd\t\r\n\rend '
ATTRIBUTES = {
    'Text': {'DataType': 'String', 'StringValue': 'gr\u00fc\u00dfe <&> "\' \U0001f980\r\n'},
    'Text.json': {'DataType': 'String.json', 'StringValue': '{"a":1}'},
    'Count': {'DataType': 'Number.int', 'StringValue': '42'},
    'Bytes': {'DataType': 'Binary', 'BinaryValue': b'\x00\xff\x07'},
    'Picture': {'DataType': 'Binary.png', 'BinaryValue': bytes(range(256))},
}
TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
KNOWS_ENDPOINT_VARIABLE = tuple(int(part) for part in boto3.__version__.split('.')[:2]) >= (1, 28)


def new_client():
    if KNOWS_ENDPOINT_VARIABLE:
        return boto3.client('sqs')
    return boto3.client('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL_SQS'])


class Tour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sqs = new_client()
        cls.protocol = cls.sqs.meta.service_model.metadata['protocol']
        wanted = os.environ.get('EXPECTED_PROTOCOL', cls.protocol)
        assert cls.protocol == wanted, f'boto3 {boto3.__version__} speaks {cls.protocol}, wanted {wanted}'

    def queue(self, suffix='', **arguments):
        """A queue of its own for the test, gone at its end."""
        name = f'tour-{uuid.uuid4().hex[:12]}{suffix}'
        url = self.sqs.create_queue(QueueName=name, **arguments)['QueueUrl']
        self.addCleanup(self.delete_if_there, url)
        return url

    def delete_if_there(self, url):
        try:
            self.sqs.delete_queue(QueueUrl=url)
        except self.sqs.exceptions.QueueDoesNotExist:
            pass

    def arn(self, url):
        return self.attribute(url, 'QueueArn')

    def attribute(self, url, name):
        return self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])['Attributes'][name]

    def send(self, url, body, **more):
        return self.sqs.send_message(QueueUrl=url, MessageBody=body, **more)

    def receive(self, url, **more):
        return self.sqs.receive_message(QueueUrl=url, **more).get('Messages', [])

    def drain(self, url, count, wait=3):
        """Receives and deletes until `count` messages have come or a long poll stays empty."""
        bodies = []
        while len(bodies) < count:
            batch = self.receive(url, MaxNumberOfMessages=10, WaitTimeSeconds=wait)
            if not batch:
                break
            for message in batch:
                bodies.append(message['Body'])
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
        return bodies

    def refused(self, legacy_code, shape, call, **arguments):
        """The call fails with this legacy code; over JSON the modelled shape's name is there as well."""
        with self.assertRaises(ClientError) as caught:
            call(**arguments)
        error = caught.exception.response['Error']
        self.assertEqual(error['Code'], legacy_code, error)
        if self.protocol == 'json':
            self.assertEqual(error.get('QueryErrorCode'), shape, error)
        self.assertIn('RequestId', caught.exception.response['ResponseMetadata'])
        return caught.exception

    # queues

    def test_a_queue_is_made_once_with_its_attributes_and_tags(self):
        arguments = {'Attributes': {'VisibilityTimeout': '40', 'DelaySeconds': '0'}, 'tags': {'team': 'a', 'empty': ''}}
        url = self.queue(**arguments)
        name = url.rsplit('/', 1)[1]
        self.assertEqual(self.sqs.create_queue(QueueName=name, **arguments)['QueueUrl'], url)
        self.assertEqual(self.sqs.create_queue(QueueName=name)['QueueUrl'], url)
        self.assertEqual(self.sqs.get_queue_url(QueueName=name)['QueueUrl'], url)
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=url)['Tags'], {'team': 'a', 'empty': ''})
        self.assertEqual(self.attribute(url, 'VisibilityTimeout'), '40')
        with self.assertRaises(self.sqs.exceptions.QueueNameExists):
            self.sqs.create_queue(QueueName=name, Attributes={'VisibilityTimeout': '41'})

    def test_all_attributes_of_a_new_queue_are_the_twelve_of_sqs(self):
        url = self.queue()
        attributes = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
        self.assertEqual(set(attributes), {
            'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesDelayed', 'ApproximateNumberOfMessagesNotVisible',
            'CreatedTimestamp', 'DelaySeconds', 'LastModifiedTimestamp', 'MaximumMessageSize', 'MessageRetentionPeriod',
            'QueueArn', 'ReceiveMessageWaitTimeSeconds', 'SqsManagedSseEnabled', 'VisibilityTimeout'})
        self.assertEqual(attributes['MaximumMessageSize'], '1048576')
        self.assertTrue(attributes['QueueArn'].startswith('arn:aws:sqs:us-east-1:'), attributes['QueueArn'])

    def test_set_attributes_are_read_back(self):
        url = self.queue()
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes={'VisibilityTimeout': '7', 'MessageRetentionPeriod': '60'})
        self.assertEqual(self.attribute(url, 'VisibilityTimeout'), '7')
        self.assertEqual(self.attribute(url, 'MessageRetentionPeriod'), '60')

    def test_tags_are_added_replaced_and_removed(self):
        url = self.queue(tags={'team': 'a'})
        self.sqs.tag_queue(QueueUrl=url, Tags={'team': 'b', 'stage': 'test'})
        self.assertEqual(self.sqs.list_queue_tags(QueueUrl=url)['Tags'], {'team': 'b', 'stage': 'test'})
        self.sqs.untag_queue(QueueUrl=url, TagKeys=['team', 'stage'])
        self.assertNotIn('Tags', self.sqs.list_queue_tags(QueueUrl=url))

    def test_a_listing_goes_page_by_page_through_every_queue_once(self):
        prefix = f'page-{uuid.uuid4().hex[:8]}-'
        urls = [self.sqs.create_queue(QueueName=f'{prefix}{n}')['QueueUrl'] for n in range(5)]
        for url in urls:
            self.addCleanup(self.delete_if_there, url)
        pages = self.sqs.get_paginator('list_queues').paginate(
            QueueNamePrefix=prefix, PaginationConfig={'PageSize': 2})
        listed = [page.get('QueueUrls', []) for page in pages]
        self.assertEqual([len(page) for page in listed], [2, 2, 1])
        self.assertEqual(sorted(sum(listed, [])), sorted(urls))
        self.assertNotIn('QueueUrls', self.sqs.list_queues(QueueNamePrefix=prefix + 'none'))

    def test_permissions_are_kept_as_a_policy(self):
        url = self.queue()
        self.sqs.add_permission(
            QueueUrl=url, Label='share', AWSAccountIds=['111122223333'], Actions=['SendMessage', 'ReceiveMessage'])
        statement = json.loads(self.attribute(url, 'Policy'))['Statement'][0]
        self.assertEqual(statement['Sid'], 'share')
        self.assertEqual(sorted(statement['Action']), ['SQS:ReceiveMessage', 'SQS:SendMessage'])
        self.sqs.remove_permission(QueueUrl=url, Label='share')
        left = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
        self.assertNotIn('Policy', left)

    # messages

    def test_body_and_attributes_of_every_type_come_back_byte_for_byte(self):
        url = self.queue()
        sent = self.send(
            url, BODY, MessageAttributes=ATTRIBUTES,
            MessageSystemAttributes={'AWSTraceHeader': {'DataType': 'String', 'StringValue': TRACE}})
        self.assertEqual(sent['MD5OfMessageBody'], md5.of_body(BODY))
        self.assertEqual(sent['MD5OfMessageAttributes'], md5.of_attributes(ATTRIBUTES))
        self.assertEqual(sent['MD5OfMessageSystemAttributes'], '5ae4d5d7636402d80f4eb6d213245a88')
        self.assertNotIn('SequenceNumber', sent)
        [message] = self.receive(url, MessageAttributeNames=['All'], AttributeNames=['All'])
        self.assertEqual(message['Body'], BODY)
        self.assertEqual(message['MessageId'], sent['MessageId'])
        self.assertEqual(message['MD5OfBody'], sent['MD5OfMessageBody'])
        self.assertEqual(message['MessageAttributes'], ATTRIBUTES)
        self.assertEqual(message['MD5OfMessageAttributes'], sent['MD5OfMessageAttributes'])
        system = message['Attributes']
        self.assertEqual(set(system), {'SenderId', 'SentTimestamp', 'ApproximateReceiveCount',
                                       'ApproximateFirstReceiveTimestamp', 'AWSTraceHeader'})
        self.assertEqual(system['AWSTraceHeader'], TRACE)
        self.assertEqual(system['ApproximateReceiveCount'], '1')
        self.assertLess(abs(int(system['SentTimestamp']) / 1000 - time.time()), 60)

    def test_a_receive_returns_the_attributes_it_asks_for_and_their_md5(self):
        url = self.queue(Attributes={'VisibilityTimeout': '0'})
        self.send(url, 'x', MessageAttributes=ATTRIBUTES)
        cases = {
            (): set(), ('Text',): {'Text'}, ('Text.*',): {'Text', 'Text.json'},
            ('Count', 'Nowhere'): {'Count'}, ('All',): set(ATTRIBUTES), ('.*',): set(ATTRIBUTES),
        }
        for asked, wanted in cases.items():
            with self.subTest(asked=asked):
                [message] = self.receive(url, MessageAttributeNames=list(asked))
                self.assertEqual(set(message.get('MessageAttributes', {})), wanted)
                expected = md5.of_attributes({name: ATTRIBUTES[name] for name in wanted}) if wanted else None
                self.assertEqual(message.get('MD5OfMessageAttributes'), expected)
        [message] = self.receive(url, AttributeNames=['SenderId'])
        self.assertEqual(set(message['Attributes']), {'SenderId'})
        [message] = self.receive(url)
        self.assertEqual(set(message), {'MessageId', 'ReceiptHandle', 'MD5OfBody', 'Body'})

    def test_a_message_of_a_mebibyte_passes_in_any_script(self):
        url = self.queue()
        for character in ('x', '%', '"', '\u00e9', '\U0001f980'):
            with self.subTest(character=character):
                body = character * (1048576 // len(character.encode()))
                self.send(url, body)
                self.assertEqual(self.drain(url, 1), [body])
        self.refused('InvalidParameterValue', 'InvalidParameterValueException',
                     self.sqs.send_message, QueueUrl=url, MessageBody='x' * 1048577)

    def test_ten_go_and_come_in_batches_and_a_bad_one_fails_alone(self):
        url = self.queue()
        entries = [{'Id': f'e{n}', 'MessageBody': f'body {n}', 'MessageAttributes': {
            'N': {'DataType': 'Number', 'StringValue': str(n)}}} for n in range(10)]
        entries[3]['MessageBody'] = 'bad \x01'
        sent = self.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        self.assertEqual([failed['Id'] for failed in sent['Failed']], ['e3'])
        self.assertEqual(sent['Failed'][0]['Code'], 'InvalidMessageContents')
        self.assertIs(sent['Failed'][0]['SenderFault'], True)
        self.assertEqual([one['Id'] for one in sent['Successful']], [f'e{n}' for n in range(10) if n != 3])
        got = []
        while len(got) < 9:
            batch = self.receive(url, MaxNumberOfMessages=10, WaitTimeSeconds=3, MessageAttributeNames=['N'])
            self.assertTrue(batch, f'{len(got)} of 9 messages came')
            got += batch
        self.assertEqual(sorted(message['Body'] for message in got), [f'body {n}' for n in range(10) if n != 3])
        changed = self.sqs.change_message_visibility_batch(QueueUrl=url, Entries=[
            {'Id': 'good', 'ReceiptHandle': got[0]['ReceiptHandle'], 'VisibilityTimeout': 60},
            {'Id': 'bad', 'ReceiptHandle': got[1]['ReceiptHandle'], 'VisibilityTimeout': 43201}])
        self.assertEqual([one['Id'] for one in changed['Successful']], ['good'])
        self.assertEqual([one['Id'] for one in changed['Failed']], ['bad'])
        deleted = self.sqs.delete_message_batch(QueueUrl=url, Entries=[
            {'Id': str(n), 'ReceiptHandle': message['ReceiptHandle']} for n, message in enumerate(got)])
        self.assertEqual(len(deleted['Successful']), 9)
        self.assertNotIn('Failed', deleted)
        self.assertEqual(self.attribute(url, 'ApproximateNumberOfMessagesNotVisible'), '0')

    def test_batches_that_are_wrong_as_a_whole_are_refused(self):
        url = self.queue()
        send = self.sqs.send_message_batch
        entry = {'Id': 'a', 'MessageBody': 'x'}
        self.refused('AWS.SimpleQueueService.EmptyBatchRequest', 'EmptyBatchRequest', send, QueueUrl=url, Entries=[])
        self.refused('AWS.SimpleQueueService.BatchEntryIdsNotDistinct', 'BatchEntryIdsNotDistinct',
                     send, QueueUrl=url, Entries=[entry, entry])
        self.refused('AWS.SimpleQueueService.InvalidBatchEntryId', 'InvalidBatchEntryId',
                     send, QueueUrl=url, Entries=[{**entry, 'Id': 'a:b'}])
        self.refused('AWS.SimpleQueueService.TooManyEntriesInBatchRequest', 'TooManyEntriesInBatchRequest',
                     send, QueueUrl=url, Entries=[{**entry, 'Id': f'e{n}'} for n in range(11)])
        self.refused('AWS.SimpleQueueService.BatchRequestTooLong', 'BatchRequestTooLong', send, QueueUrl=url, Entries=[
            {**entry, 'Id': f'e{n}', 'MessageBody': 'x' * 600000} for n in range(2)])
        self.assertEqual(self.attribute(url, 'ApproximateNumberOfMessages'), '0')

    def test_a_long_poll_answers_with_the_message_that_arrives_meanwhile(self):
        url = self.queue()
        sender = threading.Timer(1, lambda: new_client().send_message(QueueUrl=url, MessageBody='at last'))
        started = time.monotonic()
        sender.start()
        bodies = [message['Body'] for message in self.receive(url, WaitTimeSeconds=20, MaxNumberOfMessages=10)]
        sender.join()
        self.assertEqual(bodies, ['at last'])
        self.assertLess(time.monotonic() - started, 10)

    def test_an_empty_long_poll_lasts_as_long_as_it_was_asked_to(self):
        url = self.queue()
        started = time.monotonic()
        self.assertEqual(self.receive(url, WaitTimeSeconds=1), [])
        self.assertGreaterEqual(time.monotonic() - started, 0.95)

    def test_a_delayed_message_comes_when_it_is_due(self):
        url = self.queue()
        self.send(url, 'later', DelaySeconds=3)
        self.assertEqual(self.attribute(url, 'ApproximateNumberOfMessagesDelayed'), '1')
        self.assertEqual(self.receive(url), [])
        self.assertEqual(self.drain(url, 1, wait=20), ['later'])

    def test_visibility_is_given_back_and_prolonged(self):
        url = self.queue()
        self.send(url, 'x')
        [first] = self.receive(url)
        self.assertEqual(self.receive(url), [])
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first['ReceiptHandle'], VisibilityTimeout=0)
        [second] = self.receive(url, VisibilityTimeout=1, AttributeNames=['ApproximateReceiveCount'])
        self.assertEqual(second['MessageId'], first['MessageId'])
        self.assertNotEqual(second['ReceiptHandle'], first['ReceiptHandle'])
        self.assertEqual(second['Attributes'], {'ApproximateReceiveCount': '2'})
        self.sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=second['ReceiptHandle'], VisibilityTimeout=30)
        self.assertEqual(self.receive(url, WaitTimeSeconds=2), [])
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=second['ReceiptHandle'])
        self.sqs.delete_message(QueueUrl=url, ReceiptHandle=second['ReceiptHandle'])
        self.assertEqual(self.attribute(url, 'ApproximateNumberOfMessagesNotVisible'), '0')

    def test_a_message_nobody_deals_with_comes_again(self):
        url = self.queue(Attributes={'VisibilityTimeout': '1'})
        sent = self.send(url, 'again')
        self.receive(url)
        [message] = self.receive(url, WaitTimeSeconds=5)
        self.assertEqual(message['MessageId'], sent['MessageId'])

    def test_a_purge_takes_waiting_delayed_and_in_flight_messages(self):
        url = self.queue(Attributes={'VisibilityTimeout': '1'})
        self.send(url, 'in flight')
        self.assertEqual(len(self.receive(url)), 1)
        self.send(url, 'waiting')
        self.send(url, 'delayed', DelaySeconds=1)
        self.sqs.purge_queue(QueueUrl=url)
        self.assertEqual(self.receive(url, WaitTimeSeconds=2), [])

    # dead letters

    def test_a_message_that_keeps_failing_is_set_aside_and_redriven(self):
        dead = self.queue()
        url = self.queue(Attributes={'VisibilityTimeout': '0', 'RedrivePolicy': json.dumps(
            {'deadLetterTargetArn': self.arn(dead), 'maxReceiveCount': 2})})
        sent = self.send(url, 'poison', MessageAttributes={'Text': ATTRIBUTES['Text']})
        self.assertEqual(len(self.receive(url)), 1)
        self.assertEqual(len(self.receive(url)), 1)
        self.assertEqual(self.receive(url), [])
        [message] = self.receive(dead, VisibilityTimeout=0, WaitTimeSeconds=3, MessageAttributeNames=['All'], AttributeNames=['All'])
        self.assertEqual(message['MessageId'], sent['MessageId'])
        self.assertEqual(message['MessageAttributes'], {'Text': ATTRIBUTES['Text']})
        self.assertEqual(message['Attributes']['DeadLetterQueueSourceArn'], self.arn(url))
        self.assertEqual(self.sqs.list_dead_letter_source_queues(QueueUrl=dead)['queueUrls'], [url])
        task = self.sqs.start_message_move_task(SourceArn=self.arn(dead))
        self.assertTrue(task['TaskHandle'])
        [back] = self.receive(url, WaitTimeSeconds=10)
        self.assertEqual(back['Body'], 'poison')
        [result] = self.sqs.list_message_move_tasks(SourceArn=self.arn(dead))['Results']
        self.assertIn(result['Status'], ('RUNNING', 'COMPLETED'))
        self.assertEqual(result['ApproximateNumberOfMessagesToMove'], 1)
        self.refused('ResourceNotFoundException', 'ResourceNotFoundException', self.sqs.list_message_move_tasks,
                     SourceArn=self.arn(dead) + '-nowhere')

    # FIFO

    def test_groups_keep_their_order_and_wait_for_what_is_in_flight(self):
        url = self.queue('.fifo', Attributes={'FifoQueue': 'true'})
        sequence = []
        for body in ('a1', 'b1', 'a2', 'a3'):
            sent = self.send(url, body, MessageGroupId=body[0], MessageDeduplicationId=body)
            sequence.append(int(sent['SequenceNumber']))
        self.assertEqual(sequence, sorted(set(sequence)))
        first = self.receive(url, MaxNumberOfMessages=2, AttributeNames=['All'])
        self.assertEqual([message['Body'] for message in first], ['a1', 'a2'])
        self.assertEqual(first[0]['Attributes']['MessageGroupId'], 'a')
        self.assertEqual(first[0]['Attributes']['MessageDeduplicationId'], 'a1')
        self.assertEqual(first[0]['Attributes']['SequenceNumber'].lstrip('0'), str(sequence[0]))
        second = self.receive(url, MaxNumberOfMessages=10)
        self.assertEqual([message['Body'] for message in second], ['b1'])
        for message in first:
            self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])
        self.assertEqual([message['Body'] for message in self.receive(url, WaitTimeSeconds=3)], ['a3'])

    def test_a_repeated_send_is_one_message(self):
        url = self.queue('.fifo', Attributes={'FifoQueue': 'true', 'ContentBasedDeduplication': 'true'})
        once = self.send(url, 'same', MessageGroupId='g')
        again = self.send(url, 'same', MessageGroupId='g', MessageAttributes={'Text': ATTRIBUTES['Text']})
        other = self.send(url, 'same', MessageGroupId='g', MessageDeduplicationId='other')
        self.assertEqual(again['MessageId'], once['MessageId'])
        self.assertEqual(again['SequenceNumber'], once['SequenceNumber'])
        self.assertNotEqual(other['MessageId'], once['MessageId'])
        self.assertEqual(self.drain(url, 3), ['same', 'same'])

    def test_a_fifo_queue_refuses_what_it_cannot_order(self):
        url = self.queue('.fifo', Attributes={'FifoQueue': 'true'})
        self.refused('MissingParameter', 'MissingRequiredParameterException',
                     self.sqs.send_message, QueueUrl=url, MessageBody='x', MessageDeduplicationId='d')
        self.refused('InvalidParameterValue', 'InvalidParameterValueException',
                     self.sqs.send_message, QueueUrl=url, MessageBody='x', MessageGroupId='g')

    # errors

    def test_a_missing_queue_is_its_own_exception_with_the_old_code(self):
        url = self.queue()
        missing = url + '-nowhere'
        for call, arguments in (
            (self.sqs.get_queue_url, {'QueueName': missing.rsplit('/', 1)[1]}),
            (self.sqs.send_message, {'QueueUrl': missing, 'MessageBody': 'x'}),
            (self.sqs.receive_message, {'QueueUrl': missing}),
            (self.sqs.delete_message, {'QueueUrl': missing, 'ReceiptHandle': 'x'}),
            (self.sqs.get_queue_attributes, {'QueueUrl': missing, 'AttributeNames': ['All']}),
            (self.sqs.delete_queue, {'QueueUrl': missing}),
        ):
            with self.subTest(call=call.__name__):
                error = self.refused('AWS.SimpleQueueService.NonExistentQueue', 'QueueDoesNotExist', call, **arguments)
                self.assertIsInstance(error, self.sqs.exceptions.QueueDoesNotExist)
                self.assertIn('The specified queue does not exist', error.response['Error']['Message'])
                self.assertEqual(error.response['ResponseMetadata']['HTTPStatusCode'], 400)

    def test_errors_have_their_class_code_and_status(self):
        url = self.queue()
        handle = self.refused('ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid',
                              self.sqs.delete_message, QueueUrl=url, ReceiptHandle='garbage')
        self.assertIsInstance(handle, self.sqs.exceptions.ReceiptHandleIsInvalid)
        contents = self.refused('InvalidMessageContents', 'InvalidMessageContents',
                                self.sqs.send_message, QueueUrl=url, MessageBody='\x08')
        self.assertIsInstance(contents, self.sqs.exceptions.InvalidMessageContents)
        name = self.refused('InvalidAttributeName', 'InvalidAttributeName',
                            self.sqs.get_queue_attributes, QueueUrl=url, AttributeNames=['Foobar'])
        self.assertIsInstance(name, self.sqs.exceptions.InvalidAttributeName)
        self.assertIn('Unknown Attribute Foobar.', str(name))
        self.refused('InvalidParameterValue', 'InvalidParameterValueException',
                     self.sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=11)
        self.refused('InvalidParameterValue', 'InvalidParameterValueException',
                     self.sqs.receive_message, QueueUrl=url, WaitTimeSeconds=21)

    # addresses

    def test_a_queue_is_found_by_its_name_under_any_host_and_account(self):
        url = self.queue()
        name = url.rsplit('/', 1)[1]
        self.send(f'https://sqs.us-east-1.amazonaws.com/123456789012/{name}', 'from far')
        self.assertEqual(self.drain(url, 1), ['from far'])


if __name__ == '__main__':
    unittest.main()
