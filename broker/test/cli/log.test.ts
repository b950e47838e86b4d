/** `pabal log` and `pabal backup`, the real program on real directories. */

import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openBroker } from '../../src/pabal.ts'
import type { MessageAttributes, TextMap } from '../../src/sqs/api.ts'
import { Program, temporaryDirectory } from './program.ts'

const FIXTURE = fileURLToPath(new URL('../fixtures/format-1/', import.meta.url))
const OLDEST = '00000000000000001032.log'

interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

async function pabal(...args: readonly string[]): Promise<Result> {
  await using program = Program.run(args)
  const { code } = await program.ended
  return { code, stdout: program.stdout, stderr: program.stderr }
}

async function fixtureIn(directory: string): Promise<string> {
  const data = join(directory, 'data')
  await cp(FIXTURE, data, { recursive: true })
  return data
}

function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** The log's files, name by name. */
async function contents(directory: string): Promise<Record<string, string>> {
  const names = (await readdir(directory)).filter((name) => name.includes('.log') || name.endsWith('.start'))
  const files = names.map(async (name) => [name, await readFile(join(directory, name), 'hex')] as const)
  return Object.fromEntries(await Promise.all(files))
}

describe('pabal log show', () => {
  it('tells segments and queues, and changes nothing', async () => {
    await using temporary = await temporaryDirectory()
    const data = await fixtureIn(temporary.path)
    const before = await contents(data)
    const { code, stdout } = await pabal('log', 'show', data)
    equal(code, 0)
    match(stdout, /format version 1, positions 1088 to \d+/)
    match(stdout, /^00000000000000001032\.log +2088 +\d+ +22 /m)
    match(stdout, /^orders +5 +2 +1 /m)
    match(stdout, /dead letters go to orders-failed/)
    deepEqual(await contents(data), before)
  })

  it('shows events as lines of JSON, from a position on, bodies cut unless asked for', async () => {
    await using temporary = await temporaryDirectory()
    const data = await fixtureIn(temporary.path)
    const all = jsonLines((await pabal('log', 'show', data, '--events')).stdout)
    const large = all.at(-2)!
    equal((large['body'] as string).length, 81)
    const from = ['--from', String(large['position']), '--limit', '1', '--full']
    const [whole, ...others] = jsonLines((await pabal('log', 'show', data, '--events', ...from)).stdout)
    equal(others.length, 0)
    equal(whole?.['body'], 'large '.repeat(6000))
  })
})

describe('pabal log verify and repair', () => {
  it('find a damage, say what would be lost, and mend it only when told to', async () => {
    await using temporary = await temporaryDirectory()
    const data = await fixtureIn(temporary.path)
    equal((await pabal('log', 'verify', data)).code, 0)
    const path = join(data, OLDEST)
    const bytes = await readFile(path)
    const at = bytes.indexOf('of a tenant')
    bytes[at] = bytes[at]! ^ 1
    await writeFile(path, bytes)
    const damaged = await contents(data)

    const verified = await pabal('log', 'verify', data)
    equal(verified.code, 1)
    match(verified.stdout, new RegExp(`${OLDEST}, bytes \\d+ to \\d+: the records here fail their checksum`))
    match((await pabal('log', 'export', data)).stderr, /is damaged at byte \d+.*pabal log verify/s)

    const told = await pabal('log', 'repair', data)
    match(told.stdout, /"body":"nf a tenant"/)
    match(told.stdout, /Lost: 3 messages, which the rest of the log misses:/)
    match(told.stdout, /Nothing was changed/)
    deepEqual(await contents(data), damaged)

    const mended = await pabal('log', 'repair', data, '--yes')
    equal(mended.code, 0)
    equal((await readFile(`${path}.damaged`)).toString('hex'), damaged[OLDEST])
    equal((await pabal('log', 'verify', data)).code, 0)
    await using broker = await openBroker({ directory: data })
    ok((await broker.listQueues()).includes('orders'))
  })
})

describe('pabal log export', () => {
  it('gives queues and messages from which the same can be sent again', async () => {
    await using temporary = await temporaryDirectory()
    const data = await fixtureIn(temporary.path)
    const lines = jsonLines((await pabal('log', 'export', data)).stdout)
    await using broker = await openBroker({ directory: join(temporary.path, 'anew') })
    for (const { kind, name, attributes, queue, input } of lines) {
      if (kind === 'queue') {
        await broker.sqs('CreateQueue', { QueueName: name as string, Attributes: attributes as TextMap })
      } else {
        await broker.sqs('SendMessage', { QueueUrl: queue as string, ...binaries(input as Input) })
      }
    }
    const received = await broker.receive('orders', { max: 10 })
    equal(received.length, 8)
    const full = received.find(({ body }) => body === 'with everything')
    deepEqual(full?.attributes, { colour: 'grün', count: 42, photo: Uint8Array.of(0, 255, 128) })
  })
})

interface Input {
  readonly MessageBody: string
  readonly MessageAttributes?: Readonly<
    Record<string, { readonly DataType: string; readonly BinaryValue?: string }>
  >
}

function binaries(input: Input): {
  readonly MessageBody: string
  readonly MessageAttributes?: MessageAttributes
} {
  const attributes = Object.entries(input.MessageAttributes ?? {}).map(([name, { BinaryValue, ...rest }]) => {
    const bytes =
      BinaryValue === undefined ? {} : { BinaryValue: new Uint8Array(Buffer.from(BinaryValue, 'base64')) }
    return [name, { ...rest, ...bytes }] as const
  })
  const { MessageAttributes, ...plain } = input
  return MessageAttributes === undefined
    ? plain
    : { ...plain, MessageAttributes: Object.fromEntries(attributes) as MessageAttributes }
}

describe('pabal backup', () => {
  it('copies the directory of a running broker, which log refuses to look at', async () => {
    await using temporary = await temporaryDirectory()
    const data = join(temporary.path, 'data')
    const copy = join(temporary.path, 'copy')
    await using broker = await openBroker({ directory: data })
    await broker.createQueue('jobs')
    await broker.send('jobs', 'before the backup')
    const refused = await pabal('log', 'show', data)
    equal(refused.code, 1)
    match(
      refused.stderr,
      /is in use by another broker \(pid \d+\)\. Stop it first, or take a copy with "pabal backup"/,
    )
    const { code, stdout } = await pabal('backup', data, copy)
    equal(code, 0)
    match(stdout, /1 segment, \d+ bytes, every checksum right/)
    match((await pabal('backup', data, copy)).stderr, /is there already/)
    await using restored = await openBroker({ directory: copy })
    deepEqual(
      (await restored.receive('jobs')).map(({ body }) => body),
      ['before the backup'],
    )
  })
})

describe('a wrong word', () => {
  it('is answered with a sentence', async () => {
    const answers = await Promise.all([
      pabal('log', 'mend', 'data'),
      pabal('log', 'show'),
      pabal('log', 'verify', '/no/such/directory'),
      pabal('log', 'show', '.', '--limit', 'few'),
    ])
    deepEqual(
      answers.map(({ code, stderr }) => [code, stderr]),
      [
        [64, 'pabal: There is no command "log mend": show, verify, repair and export are.\n'],
        [64, 'pabal: Usage: pabal log show DIRECTORY [--events [--from POSITION] [--limit N] [--full]]\n'],
        [1, 'pabal: There is no directory /no/such/directory.\n'],
        [64, 'pabal: --limit must be a whole number, not "few".\n'],
      ],
    )
  })
})
