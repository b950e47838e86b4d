/**
 * Random histories of a file log on a simulated disk, against a model that is a list: appends, flushes, trims, rolls,
 * power cuts and kills at any operation of the disk (also while opening), failing writes and syncs, a disk that
 * fills up. After each fall, what was durable is there, in order and whole; of what was staged, a prefix is.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { FileLog } from '../../src/log/file-log.ts'
import { diskError, SimDisk } from '../support/sim-disk.ts'
import { openSimLog } from '../support/sim-log.ts'

const OPTIONS = { segmentBytesMax: 3000, cacheBytesMax: 8192, reserveBytes: 4096, allocateBytes: 1500 }
const CAPACITY_BYTES = 60_000

/** What strikes at which operation of the disk, counted from the command on. */
interface Strike {
  readonly kind: 'crash' | 'kill' | 'EIO'
  readonly at: number
  readonly seed: number
}

type Command =
  | { readonly do: 'append'; readonly bytes: number }
  | { readonly do: 'flush'; readonly more: number }
  | { readonly do: 'trim'; readonly share: number }
  | { readonly do: 'roll' | 'maintain' | 'reopen' | 'read' }
  | { readonly do: 'strike'; readonly strike: Strike }

const strike: fc.Arbitrary<Strike> = fc.record({
  kind: fc.constantFrom('crash', 'kill', 'EIO'),
  at: fc.nat(12),
  seed: fc.integer(),
})

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('append' as const), bytes: fc.oneof(fc.nat(40), fc.nat(2500)) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('flush' as const), more: fc.nat(2) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('trim' as const),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('roll' as const, 'maintain' as const, 'reopen' as const, 'read' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('strike' as const), strike }) },
)

interface Kept {
  readonly position: number
  readonly bytes: Buffer
}

/** The log, and what must be in it. */
class Run {
  readonly disk = new SimDisk({ capacityBytes: CAPACITY_BYTES })
  log: FileLog | undefined
  /** Everything appended and not trimmed; before `durable` it must survive. */
  records: Kept[] = []
  durable = 0
  #written = 0

  async step(command: Command): Promise<void> {
    const log = this.log ?? (await this.open())
    if (log === undefined) return
    switch (command.do) {
      case 'append':
        return this.#append(log, command.bytes)
      case 'flush':
        return this.#flush(log, command.more)
      case 'trim':
        return this.#trim(log, command.share)
      case 'roll':
        return log.roll()
      case 'maintain':
        return this.#attempt(() => log.maintain())
      case 'reopen':
        await log.close()
        this.log = undefined
        return
      case 'read':
        return this.#readAll(log)
      case 'strike':
        return this.#arm(command.strike)
    }
  }

  /** Opens whatever is there and checks it; undefined when something strikes. */
  async open(): Promise<FileLog | undefined> {
    const opened: Kept[] = []
    try {
      this.log = await openSimLog(this.disk, OPTIONS)
      await this.log.replay(this.log.start, (position, buffer, offset, length) => {
        opened.push({ position, bytes: Buffer.from(buffer.subarray(offset, offset + length)) })
      })
    } catch (error) {
      await this.fall(error)
      return undefined
    }
    this.#check(opened, this.log)
    return this.log
  }

  /** Something went wrong: it must be what was planted, and the log is of no more use. */
  async fall(error: unknown): Promise<void> {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    ok(['EIO', 'EBADF', 'ENOSPC'].includes(String(code)), error as Error)
    this.disk.before = () => undefined
    await this.log?.close()
    this.log = undefined
    equal(this.disk.openFiles, 0)
    // Else nothing could be opened ever again: somebody makes room.
    if (code === 'ENOSPC') this.disk.capacityBytes += 8192
  }

  #check(opened: readonly Kept[], log: FileLog): void {
    const kept = this.records.filter(({ position }) => position >= log.start)
    deepEqual(opened, kept.slice(0, opened.length))
    const durable = kept.filter(({ position }) => position < this.durable)
    ok(opened.length >= durable.length, `${durable.length} records were durable, ${opened.length} are there`)
    ok(log.start <= this.durable || this.records.length === 0)
    this.records = [...opened]
    this.durable = log.durable
  }

  #append(log: FileLog, length: number): void {
    const bytes = Buffer.alloc(length, `${this.#written++};`)
    this.records.push({
      position: log.append(bytes.subarray(0, length >> 1), bytes.subarray(length >> 1)),
      bytes,
    })
  }

  async #flush(log: FileLog, more: number): Promise<void> {
    const target = log.end
    const flushing = this.#attempt(() => log.flush())
    for (let count = 0; count < more; count++) this.#append(log, 50)
    await flushing
    if (this.log === undefined) return
    ok(log.durable >= target)
    this.durable = log.durable
  }

  async #trim(log: FileLog, share: number): Promise<void> {
    const before = log.start + Math.floor((log.end - log.start) * share)
    await this.#attempt(() => log.trim(before))
    if (this.log === undefined) return
    ok(log.start <= Math.max(before, log.start))
    const first = this.records.find(({ position }) => position >= before)
    if (first !== undefined) ok(log.start <= first.position)
  }

  async #readAll(log: FileLog): Promise<void> {
    for (const { position, bytes } of this.records) {
      if (position < log.start) continue
      await this.#attempt(async () => deepEqual(Buffer.from(await log.readAt(position, bytes.length)), bytes))
      if (this.log === undefined) return
    }
  }

  async #attempt(run: () => Promise<void>): Promise<void> {
    try {
      await run()
    } catch (error) {
      await this.fall(error)
    }
  }

  #arm({ kind, at, seed }: Strike): void {
    let left = at
    this.disk.before = ({ path }) => {
      if (left-- > 0) return undefined
      this.disk.before = () => undefined
      if (kind === 'crash') this.disk.crash(seed)
      if (kind === 'kill') this.disk.kill()
      throw diskError(kind === 'EIO' ? 'EIO' : 'EBADF', path)
    }
  }
}

async function play(commands: readonly Command[]): Promise<void> {
  const run = new Run()
  for (const command of commands) await run.step(command)
  // Whatever happened, the faults end and the log opens.
  run.disk.before = () => undefined
  run.disk.capacityBytes = Number.POSITIVE_INFINITY
  await run.log?.close()
  run.disk.crash(commands.length)
  ok((await run.open()) !== undefined)
  await run.log?.close()
}

describe('a file log through any history', () => {
  it('keeps what was durable, in order and whole, and nothing that was never appended', async () => {
    await fc.assert(fc.asyncProperty(fc.array(command, { minLength: 1, maxLength: 60 }), play), {
      numRuns: 500,
    })
  })
})
