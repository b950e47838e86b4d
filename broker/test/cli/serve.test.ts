/** `pabal serve`, as a process: starting, not starting, stopping. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { promisify } from 'node:util'
import { directoryFailure } from '../../src/cli/start-failure.ts'
import { type End, Program, temporaryDirectory } from './program.ts'

const SERVE = ['serve', '--port', '0', '--log-level', 'error'] as const
const IN_MEMORY = [...SERVE, '--memory'] as const

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

/** One SQS action over JSON. */
async function sqs(url: string, action: string, input: object, signal?: AbortSignal): Promise<Answer> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'X-Amz-Target': `AmazonSQS.${action}`, 'Content-Type': 'application/x-amz-json-1.0' },
    body: JSON.stringify(input),
    signal: signal ?? null,
  })
  const text = await reply.text()
  return { status: reply.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

function queueUrl(url: string, name: string): string {
  return `${url}/000000000000/${name}`
}

async function receivedBodies(url: string, name: string): Promise<readonly unknown[]> {
  const input = { QueueUrl: queueUrl(url, name), MaxNumberOfMessages: 10 }
  const { Messages = [] } = (await sqs(url, 'ReceiveMessage', input)).body
  return (Messages as { Body: string }[]).map((message) => message.Body)
}

async function attributesOf(url: string, name: string): Promise<Record<string, string>> {
  const { body } = await sqs(url, 'GetQueueAttributes', {
    QueueUrl: queueUrl(url, name),
    AttributeNames: ['All'],
  })
  return body['Attributes'] as Record<string, string>
}

/** What it says when it does not start: one line on standard error, and an exit code. */
async function refusal(program: Program): Promise<[string, End['code']]> {
  const { code } = await program.ended
  assert.equal(program.stdout, '')
  assert.match(program.stderr, /^pabal: .+\n$/)
  return [program.stderr.slice('pabal: '.length).trimEnd(), code]
}

describe('pabal serve', () => {
  it('keeps what it was given, over SIGTERM and over kill -9', async () => {
    await using directory = await temporaryDirectory()
    const args = [...SERVE, '--data', directory.path, '--queue', 'orders']
    for (const [signal, body] of [
      ['SIGTERM', 'one'],
      ['SIGKILL', 'two'],
    ] as const) {
      await using program = Program.run(args)
      const url = await program.listens()
      const sent = await sqs(url, 'SendMessage', { QueueUrl: queueUrl(url, 'orders'), MessageBody: body })
      assert.equal(sent.status, 200)
      const end = await program.stop(signal)
      if (signal === 'SIGTERM') assert.deepEqual([end.code, program.stderr], [0, ''])
    }
    await using program = Program.run(args)
    assert.deepEqual(await receivedBodies(await program.listens(), 'orders'), ['one', 'two'])
  })

  it('answers a waiting receive when it is stopped, and is gone within two seconds', async () => {
    await using program = Program.run([...IN_MEMORY, '--queue', 'orders'])
    const url = await program.listens()
    const input = { QueueUrl: queueUrl(url, 'orders'), WaitTimeSeconds: 20 }
    const receives = Array.from({ length: 5 }, () => sqs(url, 'ReceiveMessage', input))
    // A later request that was answered shows that the earlier ones are waiting.
    await sqs(url, 'GetQueueUrl', { QueueName: 'orders' })
    const startedAt = performance.now()
    const end = await program.stop()
    assert.deepEqual(end, { code: 0, signal: null })
    assert.ok(performance.now() - startedAt < 2000)
    for (const answer of await Promise.all(receives)) assert.equal(answer.status, 200)
  })

  it('stops at once at the second signal', async () => {
    await using program = Program.run(['serve', '--port', '0', '--memory'])
    const url = new URL(await program.listens())
    const socket = connect(Number(url.port), '127.0.0.1')
    await once(socket, 'connect')
    socket.on('error', () => {})
    // A request that never ends would keep it for its whole grace.
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n')
    await fetch(`${url}health`)
    program.process.kill('SIGTERM')
    await program.prints(/"event":"stopping"/)
    const end = await program.stop('SIGINT')
    assert.equal(end.code, 1)
    socket.destroy()
  })

  it('gives the waiting client no message that comes after it hung up', async () => {
    await using program = Program.run([...IN_MEMORY, '--queue', 'orders'])
    const url = await program.listens()
    const QueueUrl = queueUrl(url, 'orders')
    const hangUp = new AbortController()
    const waiting = sqs(url, 'ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }, hangUp.signal)
    await sqs(url, 'GetQueueUrl', { QueueName: 'orders' })
    hangUp.abort()
    await assert.rejects(waiting)
    await sqs(url, 'SendMessage', { QueueUrl, MessageBody: 'for another' })
    assert.deepEqual(await receivedBodies(url, 'orders'), ['for another'])
  })

  it('prints two ways to send a first message; the one with curl works as it stands', async () => {
    await using directory = await temporaryDirectory()
    for (const queue of [[], ['--queue', 'orders'], ['--queue', 'only.fifo']]) {
      await using program = Program.run([...IN_MEMORY, ...queue])
      await program.listens()
      const lines = program.stdout.split('\n').filter((line) => line.startsWith('  curl '))
      const outputs: string[] = []
      for (const line of lines) {
        const { stdout } = await promisify(execFile)('sh', ['-c', `${line.trim()} -sS`], {
          cwd: directory.path,
        })
        outputs.push(stdout)
      }
      assert.match(outputs.at(-1) ?? '', /<Body>hello<\/Body>/)
      assert.match(
        program.stdout,
        / {2}aws --endpoint-url http:\S+ --region us-east-1 --no-sign-request sqs send-message /,
      )
    }
  })

  it('answers on both loopback addresses where there are two', async () => {
    await using program = Program.run(IN_MEMORY)
    const { port } = new URL(await program.listens())
    for (const host of ['127.0.0.1', 'localhost']) {
      assert.equal((await fetch(`http://${host}:${port}/health`)).status, 200)
    }
  })

  it('moves its clock when it was started for tests, and then alone', async () => {
    await using program = Program.run([...IN_MEMORY, '--queue', 'orders', '--test-clock'])
    const url = await program.listens()
    const QueueUrl = queueUrl(url, 'orders')
    await sqs(url, 'SendMessage', { QueueUrl, MessageBody: 'later', DelaySeconds: 900 })
    assert.deepEqual(await receivedBodies(url, 'orders'), [])
    await fetch(`${url}/pabal/clock?advance=15m`, { method: 'POST' })
    assert.deepEqual(await receivedBodies(url, 'orders'), ['later'])
  })

  it('creates a missing queue for a message only where it was told to', async () => {
    for (const [flags, expected] of [
      [[], 400],
      [['--create-missing'], 200],
    ] as const) {
      await using program = Program.run([...IN_MEMORY, ...flags])
      const url = await program.listens()
      const sent = await sqs(url, 'SendMessage', { QueueUrl: queueUrl(url, 'new'), MessageBody: 'hello' })
      assert.equal(sent.status, expected)
    }
  })
})

const DECLARED = `
queues:
  orders:
    attributes: { VisibilityTimeout: 60, MessageRetentionPeriod: 3600 }
    tags: { team: shop }
    deadLetter: { queue: orders-failed, maxReceiveCount: 5 }
  orders.fifo:
    attributes: { ContentBasedDeduplication: true }
    deadLetter: { queue: failed.fifo, maxReceiveCount: 1 }
  orders-failed:
  failed.fifo:
`

describe('Declared queues', () => {
  it('exist after the start with what was declared, in whatever order they stand', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'pabal.yaml')
    await writeFile(file, DECLARED)
    await using program = Program.run([...IN_MEMORY, '--config', file, '--account', '123456789012'])
    const url = await program.listens()
    const orders = await attributesOf(url, 'orders')
    assert.equal(orders['VisibilityTimeout'], '60')
    assert.equal(orders['MessageRetentionPeriod'], '3600')
    assert.deepEqual(JSON.parse(orders['RedrivePolicy'] ?? ''), {
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:123456789012:orders-failed',
      maxReceiveCount: 5,
    })
    assert.equal((await attributesOf(url, 'orders.fifo'))['ContentBasedDeduplication'], 'true')
    const tags = await sqs(url, 'ListQueueTags', { QueueUrl: queueUrl(url, 'orders') })
    assert.deepEqual(tags.body, { Tags: { team: 'shop' } })
  })

  it('change nothing the second time, and get the values of a file that changed', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'pabal.yaml')
    const args = [...SERVE, '--config', file, '--data', join(directory.path, 'data')]
    const started = async (text: string): Promise<Record<string, string>> => {
      await writeFile(file, text)
      await using program = Program.run(args)
      const attributes = await attributesOf(await program.listens(), 'orders')
      await program.stop()
      return attributes
    }
    const first = await started(DECLARED)
    assert.deepEqual(await started(DECLARED), first)
    const changed = await started(DECLARED.replace('VisibilityTimeout: 60', 'VisibilityTimeout: 61'))
    assert.equal(changed['VisibilityTimeout'], '61')
    assert.equal(changed['MessageRetentionPeriod'], '3600')
  })

  it('keep the broker from starting where a dead-letter queue is missing, and are not made then', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'pabal.yaml')
    const data = join(directory.path, 'data')
    await writeFile(file, 'queues: { a: { deadLetter: { queue: b, maxReceiveCount: 1 } } }')
    await using program = Program.run([...SERVE, '--config', file, '--data', data])
    assert.deepEqual(await refusal(program), [
      'The queue a has the dead-letter queue b, which neither exists nor is declared.',
      78,
    ])
    await using again = Program.run([...SERVE, '--data', data, '--queue', 'b'])
    const { body } = await sqs(await again.listens(), 'ListQueues', {})
    assert.equal((body['QueueUrls'] as string[]).length, 1)
    await again.stop()
    await using third = Program.run([...SERVE, '--config', file, '--data', data])
    await third.listens()
  })

  it('keep the broker from starting where they are refused', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'pabal.yaml')
    await writeFile(file, 'queues: { a.fifo: { attributes: { FifoThroughputLimit: perMessageGroupId } } }')
    await using program = Program.run([...IN_MEMORY, '--config', file])
    const [sentence, code] = await refusal(program)
    assert.match(sentence, /^The queue a\.fifo cannot be set up as declared: /)
    assert.equal(code, 78)
  })
})

describe('pabal, when it cannot start,', () => {
  it('names the port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await using program = Program.run(['serve', '--memory', '--log-level', 'error', '--port', String(port)])
    assert.deepEqual(await refusal(program), [
      `Port ${port} on localhost is in use by another program; --port chooses another.`,
      1,
    ])
    other.close()
  })

  it('names a host that is not its own', async () => {
    await using program = Program.run([...IN_MEMORY, '--host', '192.0.2.1'])
    assert.deepEqual(await refusal(program), [
      '192.0.2.1 is not an address of this machine; --host chooses another.',
      1,
    ])
  })

  it('names the directory that another broker holds', async () => {
    await using directory = await temporaryDirectory()
    await using first = Program.run([...SERVE, '--data', directory.path])
    await first.listens()
    await using second = Program.run([...SERVE, '--data', directory.path])
    assert.deepEqual(await refusal(second), [
      `The data directory ${directory.path} is in use by another broker (pid ${first.process.pid}).`,
      1,
    ])
  })

  it('names the directory that is a file', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'file')
    await writeFile(path, '')
    await using program = Program.run([...SERVE, '--data', path])
    assert.deepEqual(await refusal(program), [`The data directory ${path} is not a directory.`, 1])
  })

  it('names the directory that the operating system does not give it', () => {
    const told = (code: string): string =>
      directoryFailure('/data', Object.assign(new Error(code), { code })).message
    assert.equal(told('EACCES'), 'The data directory /data is not writable for this user.')
    assert.equal(told('EROFS'), 'The data directory /data is on a file system that is read-only.')
    assert.equal(told('ENOSPC'), 'The data directory /data is on a file system that is full.')
    assert.equal(told('EWHATEVER'), 'The data directory /data cannot be opened: EWHATEVER.')
  })

  it('names the file that is damaged, and the byte', async () => {
    await using directory = await temporaryDirectory()
    const args = [...SERVE, '--data', directory.path, '--queue', 'orders']
    await using first = Program.run(args)
    const url = await first.listens()
    for (let i = 0; i < 20; i++)
      await sqs(url, 'SendMessage', { QueueUrl: queueUrl(url, 'orders'), MessageBody: 'x'.repeat(1000) })
    await first.stop()
    const segment = (await readdir(directory.path)).find((name) => name.endsWith('.log')) ?? ''
    const path = join(directory.path, segment)
    const bytes = await readFile(path)
    bytes.fill(0xff, 3000, 3010)
    await writeFile(path, bytes)
    await using second = Program.run(args)
    const [sentence, code] = await refusal(second)
    assert.match(sentence, new RegExp(`^${path} is damaged at byte \\d+: .+\\.$`))
    assert.equal(code, 1)
  })

  it('says what is wrong with a command or an option, with an exit code of its own', async () => {
    for (const [args, expected] of [
      [['serv'], /^There is no command "serv": "pabal help" lists them\.$/],
      [['--port', '1'], /^There is no command "--port": did you mean "pabal serve --port"\?$/],
      [['serve', '--prot', '1'], /^There is no option --prot: did you mean --port\?/],
    ] as const) {
      await using program = Program.run(args)
      const [sentence, code] = await refusal(program)
      assert.match(sentence, expected)
      assert.equal(code, 64)
    }
  })
})

describe('pabal', () => {
  it('explains itself', async () => {
    for (const args of [[], ['help'], ['--help'], ['serve', '--help']]) {
      await using program = Program.run(args)
      assert.equal((await program.ended).code, 0)
      assert.match(program.stdout, /pabal serve \[options\]/)
    }
  })

  it('tells its version', async () => {
    await using program = Program.run(['version'])
    assert.equal((await program.ended).code, 0)
    assert.match(program.stdout, /^\d+\.\d+\.\d+\n$/)
  })
})
