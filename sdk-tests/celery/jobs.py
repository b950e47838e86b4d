"""The Celery application under test, as a user of SQS writes it; results go to files, since SQS keeps none.

Its settings come from the environment, for the worker and the test alike: the broker's address, a prefix that gives
each run queues of its own, and a directory for results and traces.
"""
import os
import pathlib
import signal
from urllib.parse import urlsplit

from celery import Celery

DIRECTORY = pathlib.Path(os.environ['JOBS_DIRECTORY'])
ENDPOINT = urlsplit(os.environ['AWS_ENDPOINT_URL_SQS'])

app = Celery('jobs', broker=f'sqs://test:test@{ENDPOINT.netloc}', backend=f'file://{DIRECTORY}')
app.conf.update(
    broker_transport_options={
        'region': 'us-east-1',
        'is_secure': ENDPOINT.scheme == 'https',
        'queue_name_prefix': os.environ['JOBS_PREFIX'],
        'visibility_timeout': 10,
        'wait_time_seconds': 2,
    },
    broker_connection_retry_on_startup=True,
    task_default_queue='celery',
    worker_prefetch_multiplier=1,
)


def note(what):
    """Appends a line that the test can read, and returns how many there are of it."""
    path = DIRECTORY / f'trace-{what}'
    with path.open('a') as trace:
        trace.write('x\n')
    return len(path.read_text().splitlines())


@app.task
def add(x, y):
    return x + y


@app.task
def shout(text):
    return text.upper()


@app.task(bind=True, max_retries=3, default_retry_delay=1)
def flaky(self, name):
    """Fails twice, and asks to be tried again each time."""
    if note(name) < 3:
        raise self.retry(exc=ConnectionError('not yet'))
    return self.request.retries


@app.task(acks_late=True)
def deadly(name):
    """Hangs in the first worker that takes it, having told the test by a pipe, until that is killed; the next one does it."""
    if note(name) == 1:
        (DIRECTORY / 'started').write_text('started')
        signal.pause()
    return 'survived'


@app.task
def in_turn(number):
    with (DIRECTORY / 'turns').open('a') as turns:
        turns.write(f'{number}\n')
    return number
