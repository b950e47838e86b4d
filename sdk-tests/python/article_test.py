"""The article's program, unchanged, against `npm start`; its message outlives the broker's death.

Starts the broker of this checkout by the README's own command, on a free port and a directory of its own, runs
article.py as a process of its own, kills the broker with SIGKILL, starts it again and receives the message.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import boto3

HERE = pathlib.Path(__file__).parent
CHECKOUT = HERE.parent.parent
START_TRIES = 600


class Broker:
    """`npm start` in a process group of its own, so that one signal reaches npm, its shell and the broker."""

    def __init__(self, port, data):
        self.health = f'http://localhost:{port}/health'
        self.log = tempfile.TemporaryFile()
        command = ['npm', 'start', '--', '--queue', 'MyQueue', '--port', str(port), '--data', data]
        self.process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True)

    def wait_until_ready(self):
        for _ in range(START_TRIES):
            try:
                return urllib.request.urlopen(self.health, timeout=1).close()
            except OSError:
                try:
                    self.process.wait(timeout=0.1)
                except subprocess.TimeoutExpired:
                    continue
                raise AssertionError(f'the broker did not start:\n{self.output()}')
        raise AssertionError(f'the broker was never ready:\n{self.output()}')

    def output(self):
        self.log.seek(0)
        return self.log.read().decode(errors='replace')

    def kill(self, signal_number=signal.SIGKILL):
        try:
            os.killpg(self.process.pid, signal_number)
        except ProcessLookupError:
            pass
        self.process.wait()


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


class TheArticle(unittest.TestCase):
    def start(self, port, data):
        broker = Broker(port, data)
        self.addCleanup(broker.kill)
        broker.wait_until_ready()
        return broker

    def test_its_program_sends_and_the_message_is_there_after_kill_9(self):
        port = free_port()
        data = self.enterContext(tempfile.TemporaryDirectory()) + '/pabal-data'
        os.environ['AWS_ENDPOINT_URL_SQS'] = f'http://localhost:{port}'

        broker = self.start(port, data)
        printed = subprocess.run(
            [sys.executable, HERE / 'article.py'], check=True, capture_output=True, text=True).stdout
        self.assertRegex(printed, r'^Message ID: \S+\n$')
        broker.kill()

        self.start(port, data)
        sqs = boto3.client('sqs')
        url = sqs.get_queue_url(QueueName='MyQueue')['QueueUrl']
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)['Messages']
        self.assertEqual(message['Body'], 'Hello, World!')
        self.assertEqual(printed, f'Message ID: {message["MessageId"]}\n')


if __name__ == '__main__':
    unittest.main()
