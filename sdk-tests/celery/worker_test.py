"""Celery over SQS: a real worker in a process of its own takes real tasks, fails, retries, is killed and replaced."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest
import uuid

HERE = pathlib.Path(__file__).parent
DIRECTORY = tempfile.mkdtemp(prefix='jobs-')
os.environ['JOBS_DIRECTORY'] = DIRECTORY
os.environ['JOBS_PREFIX'] = f'celery-{uuid.uuid4().hex[:8]}-'
# Celery's own wish for its prefork pool when it runs as root, as in a container.
os.environ['C_FORCE_ROOT'] = '1'

import boto3
import jobs
from celery import chain, group

PATIENCE = 60


class Worker:
    """A worker and its children in one process group, with what they print in a file."""

    def __init__(self, queues='celery,ordered.fifo', concurrency=2):
        self.log = open(pathlib.Path(DIRECTORY) / 'worker.log', 'ab')
        command = [sys.executable, '-m', 'celery', '-A', 'jobs', 'worker', '--loglevel', 'INFO',
                   '--queues', queues, '--concurrency', str(concurrency)]
        self.process = subprocess.Popen(
            command, cwd=HERE, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        finally:
            self.kill()

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()


class Celery(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.worker = Worker()

    @classmethod
    def tearDownClass(cls):
        cls.worker.kill()
        print((pathlib.Path(DIRECTORY) / 'worker.log').read_text())

    def done(self, result):
        return result.get(timeout=PATIENCE)

    def test_1_tasks_are_done_and_their_results_come_back(self):
        results = [jobs.add.delay(n, n) for n in range(20)]
        self.assertEqual([self.done(result) for result in results], [2 * n for n in range(20)])
        self.assertEqual(self.done(jobs.shout.delay('gr\u00fc\u00dfe \U0001f980')), 'GR\u00dcSSE \U0001f980')

    def test_2_a_chain_and_a_group_send_tasks_from_the_worker(self):
        self.assertEqual(self.done(chain(jobs.add.s(1, 2), jobs.add.s(10), jobs.add.s(100)).delay()), 113)
        self.assertEqual(self.done(group(jobs.add.s(n, 1) for n in range(4)).delay()), [1, 2, 3, 4])

    def test_3_a_task_that_fails_is_retried_after_its_delay(self):
        self.assertEqual(self.done(jobs.flaky.delay('flaky')), 2)

    def test_4_a_task_waits_for_its_countdown(self):
        self.assertEqual(self.done(jobs.add.apply_async((1, 1), countdown=2)), 2)

    def test_5_a_fifo_queue_gives_its_tasks_in_order(self):
        results = [jobs.in_turn.apply_async((n,), queue='ordered.fifo', MessageGroupId='one') for n in range(5)]
        self.assertEqual([self.done(result) for result in results], list(range(5)))

    def test_6_the_size_of_a_queue_is_known_and_it_can_be_purged(self):
        with jobs.app.connection_for_write() as connection:
            channel = connection.default_channel
            queue = connection.SimpleQueue('aside')
            for n in range(3):
                queue.put({'n': n})
            self.assertEqual(queue.qsize(), 3)
            channel.queue_purge('aside')
            self.assertEqual(queue.qsize(), 0)
            queue.close()

    def test_7_a_task_whose_worker_is_killed_is_done_by_the_next(self):
        started = pathlib.Path(DIRECTORY) / 'started'
        os.mkfifo(started)
        result = jobs.deadly.delay('deadly')
        self.assertEqual(started.read_text(), 'started')
        self.worker.kill()
        type(self).worker = Worker()
        self.assertEqual(self.done(result), 'survived')

    def test_8_a_worker_that_is_told_to_stop_leaves_nothing_in_flight(self):
        self.done(jobs.add.delay(2, 2))
        self.worker.stop()
        sqs = boto3.client('sqs', endpoint_url=os.environ['AWS_ENDPOINT_URL_SQS'])
        url = sqs.get_queue_url(QueueName=os.environ['JOBS_PREFIX'] + 'celery')['QueueUrl']
        counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[
            'ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'])['Attributes']
        self.assertEqual(set(counts.values()), {'0'}, counts)


if __name__ == '__main__':
    unittest.main()
