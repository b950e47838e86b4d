"""Dramatiq over SQS: workers in this process take tasks, fail, retry, and set aside what keeps failing."""
import queue
import unittest
import uuid

import boto3
import dramatiq
from dramatiq.middleware import Retries
from dramatiq_sqs import SQSBroker

NAMESPACE = f'dramatiq-{uuid.uuid4().hex[:8]}'
PATIENCE = 30

done = queue.Queue()
broker = SQSBroker(
    namespace=NAMESPACE, dead_letter=True, tags={'team': 'a'}, middleware=[Retries(min_backoff=100, max_backoff=1000)])
dramatiq.set_broker(broker)
tries = []


@dramatiq.actor
def greet(name):
    done.put(f'hello {name}')


@dramatiq.actor(max_retries=3)
def flaky():
    tries.append(1)
    if len(tries) < 3:
        raise ConnectionError('not yet')
    done.put('at last')


@dramatiq.actor(max_retries=0, queue_name='hopeless')
def hopeless():
    done.put('tried')
    raise ValueError('never')


class Dramatiq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = dramatiq.Worker(broker, worker_timeout=100)
        cls.worker.start()
        cls.addClassCleanup(cls.worker.stop)

    def next(self):
        return done.get(timeout=PATIENCE)

    def test_tasks_are_done(self):
        for n in range(10):
            greet.send(f'gr\u00fc\u00dfe \U0001f980 {n}')
        got = {self.next() for _ in range(10)}
        self.assertEqual(got, {f'hello gr\u00fc\u00dfe \U0001f980 {n}' for n in range(10)})

    def test_a_delayed_task_is_done(self):
        greet.send_with_options(args=('later',), delay=1000)
        self.assertEqual(self.next(), 'hello later')

    def test_a_task_that_fails_is_tried_again(self):
        flaky.send()
        self.assertEqual(self.next(), 'at last')

    def test_a_task_that_keeps_failing_is_in_the_dead_letter_queue(self):
        hopeless.send()
        self.assertEqual(self.next(), 'tried')
        sqs = boto3.client('sqs')
        dead = sqs.get_queue_url(QueueName=f'{NAMESPACE}_hopeless_dlq')['QueueUrl']
        got = sqs.receive_message(QueueUrl=dead, WaitTimeSeconds=20).get('Messages', [])
        self.assertEqual(len(got), 1)
        self.assertEqual(sqs.list_queue_tags(QueueUrl=dead).get('Tags'), {'team': 'a'})


if __name__ == '__main__':
    unittest.main()
