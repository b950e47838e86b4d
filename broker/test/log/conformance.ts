/**
 * What every log promises (src/log/log.ts), as tests. An implementation joins by a file that calls
 * `conformance(name, open)`. Nothing here supposes that positions are byte offsets, that a flush is fast, or that a
 * segment may be of any exact size.
 */

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Log } from '../../src/log/log.ts'

/** A log under test, and how to lose it. */
export interface Subject {
  readonly log: Log
  /** As if the process had died: closed without a flush, and opened again on the same storage. */
  reopen(): Promise<Subject>
  /** Closes it and frees its storage. */
  dispose(): Promise<void>
}

export interface SubjectOptions {
  /** Segments roll by themselves soon after this many bytes. Absent: late enough for these tests never to see it. */
  readonly segmentBytesMax?: number
}

export type OpenSubject = (options: SubjectOptions) => Promise<Subject>

const RECORD_BYTES_MAX = 1_200_000

export function conformance(name: string, open: OpenSubject): void {
  const withLog =
    (run: (subject: Subject) => Promise<Subject>, options: SubjectOptions = {}) =>
    async () => {
      let subject = await open(options)
      try {
        subject = await run(subject)
      } finally {
        await subject.dispose()
      }
    }

  describe(`${name}: appending`, () => {
    it(
      'begins empty',
      withLog(async (subject) => {
        const { log } = subject
        deepEqual(await replayed(log), [])
        equal(log.durable, log.end)
        equal(log.stagedBytes, 0)
        equal(log.full, false)
        equal(log.segments().length, 1)
        return subject
      }),
    )

    it(
      'gives each record the position that `end` announced, and positions rise',
      withLog(async (subject) => {
        const { log } = subject
        const announced: number[] = []
        const given: number[] = []
        for (let count = 0; count < 50; count++) {
          announced.push(log.end)
          given.push(log.append(text(`record ${count}`)))
          if (count % 7 === 0) await log.flush()
        }
        deepEqual(given, announced)
        deepEqual(
          given,
          [...new Set(given)].sort((a, b) => a - b),
        )
        ok(log.end > given.at(-1)!)
        return subject
      }),
    )

    it(
      'makes durable what was appended before a flush, and leaves later records staged',
      withLog(async (subject) => {
        const { log } = subject
        const first = log.append(text('first'))
        ok(log.stagedBytes > 0)
        ok(log.durable <= first)
        const flushing = log.flush()
        const second = log.append(text('second'))
        await flushing
        ok(log.durable > first)
        ok(log.durable <= second)
        deepEqual(await replayed(log), ['first'])
        await log.flush()
        deepEqual(await replayed(log), ['first', 'second'])
        equal(log.durable, log.end)
        equal(log.stagedBytes, 0)
        return subject
      }),
    )

    it(
      'has nothing to do in a flush without records',
      withLog(async (subject) => {
        const { end } = subject.log
        await subject.log.flush()
        equal(subject.log.end, end)
        equal(subject.log.durable, end)
        return subject
      }),
    )

    it(
      'refuses a second flush while one runs, and the first is none the worse',
      withLog(async (subject) => {
        const { log } = subject
        log.append(text('one'))
        const flushing = log.flush()
        log.append(text('two'))
        await rejects(log.flush())
        await flushing
        await log.flush()
        deepEqual(await replayed(log), ['one', 'two'])
        return subject
      }),
    )

    it(
      'copies head and body, one after the other, before append returns',
      withLog(async (subject) => {
        const { log } = subject
        const head = Buffer.from('head:')
        const body = Buffer.from('body')
        const position = log.append(head, body)
        head.fill('x')
        body.fill('x')
        equal(String(await log.readAt(position, 9)), 'head:body')
        await log.flush()
        deepEqual(await replayed(log), ['head:body'])
        return subject
      }),
    )

    it(
      'keeps a record of every length from none to the largest',
      withLog(async (subject) => {
        const { log } = subject
        const lengths = [0, 1, 7, 8, 9, 15, 16, 17, 127, 128, 129, 4095, 4096, 65_536, RECORD_BYTES_MAX, 3]
        const positions = lengths.map((length) => log.append(pattern(length), pattern(length)))
        await log.flush()
        for (const [index, length] of lengths.entries()) {
          const record = await log.readAt(positions[index]!, 2 * length)
          ok(Buffer.concat([pattern(length), pattern(length)]).equals(record))
        }
        const sizes: number[] = []
        await log.replay(log.start, (_position, _buffer, _offset, length) => sizes.push(length))
        deepEqual(
          sizes,
          lengths.map((length) => 2 * length),
        )
        const again = await subject.reopen()
        for (const [index, length] of lengths.entries()) {
          const record = await again.log.readAt(positions[index]!, 2 * length)
          ok(Buffer.concat([pattern(length), pattern(length)]).equals(record))
        }
        return again
      }),
    )

    it(
      'keeps what is appended in the thousands while flushes run',
      withLog(async (subject) => {
        const { log } = subject
        const expected: string[] = []
        for (let round = 0; round < 20; round++) {
          for (let count = 0; count < 100; count++) expected.push(append(log, `${round}/${count}`.repeat(10)))
          const flushing = log.flush()
          for (let count = 0; count < 100; count++) expected.push(append(log, `${round}+${count}`))
          await flushing
        }
        await log.flush()
        deepEqual(await replayed(log), expected)
        const again = await subject.reopen()
        deepEqual(await replayed(again.log), expected)
        return again
      }),
    )
  })

  describe(`${name}: reading`, () => {
    it(
      'replays positions, bytes and order, from any record on and up to any',
      withLog(async (subject) => {
        const { log } = subject
        const positions: number[] = []
        for (let count = 0; count < 30; count++) {
          positions.push(log.append(text(String(count))))
          if (count % 4 === 3) await log.flush()
        }
        await log.flush()
        for (const [index, from] of positions.entries()) {
          const seen: string[] = []
          const places: number[] = []
          await log.replay(from, (position, buffer, offset, length) => {
            places.push(position)
            seen.push(buffer.toString('latin1', offset, offset + length))
          })
          deepEqual(places, positions.slice(index))
          deepEqual(
            seen,
            positions.slice(index).map((_, further) => String(index + further)),
          )
        }
        const part: number[] = []
        await log.replay(positions[5]!, (position) => part.push(position), positions[17]!)
        deepEqual(part, positions.slice(5, 17))
        return subject
      }),
    )

    it(
      'ends a replay with what the visitor throws',
      withLog(async (subject) => {
        const { log } = subject
        for (let count = 0; count < 5; count++) log.append(text('record'))
        await log.flush()
        let visits = 0
        const visit = (): void => {
          if (++visits === 3) throw new Error('enough')
        }
        await rejects(log.replay(log.start, visit), /enough/)
        equal(visits, 3)
        equal((await replayed(log)).length, 5)
        return subject
      }),
    )

    it(
      'replays only what was durable when it was asked',
      withLog(async (subject) => {
        const { log } = subject
        append(log, 'before')
        await log.flush()
        append(log, 'after')
        const replaying = replayed(log)
        await log.flush()
        deepEqual(await replaying, ['before'])
        return subject
      }),
    )

    it(
      'reads one record by its position: staged, being flushed, durable, and after being opened again',
      withLog(async (subject) => {
        const { log } = subject
        const first = log.append(text('first'))
        equal(String(await log.readAt(first, 5)), 'first')
        const flushing = log.flush()
        const second = log.append(text('second'))
        equal(String(await log.readAt(first, 5)), 'first')
        equal(String(await log.readAt(second, 6)), 'second')
        await flushing
        equal(String(await log.readAt(first, 5)), 'first')
        await log.flush()
        const again = await subject.reopen()
        equal(String(await again.log.readAt(first, 5)), 'first')
        equal(String(await again.log.readAt(second, 6)), 'second')
        return again
      }),
    )

    it(
      'gives readers bytes of their own',
      withLog(async (subject) => {
        const { log } = subject
        const position = log.append(text('mine'))
        await log.flush()
        const one = await log.readAt(position, 4)
        one.fill(0)
        equal(String(await log.readAt(position, 4)), 'mine')
        return subject
      }),
    )

    it(
      'reads many records at once, new and old',
      withLog(
        async (subject) => {
          const { log } = subject
          const positions: number[] = []
          for (let count = 0; count < 200; count++) {
            positions.push(log.append(numbered(count)))
            if (count % 20 === 0) await log.flush()
          }
          await log.flush()
          const again = await subject.reopen()
          const records = await Promise.all(positions.map((position) => again.log.readAt(position, 1000)))
          for (const [count, record] of records.entries()) ok(numbered(count).equals(record))
          return again
        },
        { segmentBytesMax: 20_000 },
      ),
    )
  })

  describe(`${name}: being opened again`, () => {
    it(
      'has every flushed record, none that was only staged, and goes on from there',
      withLog(async (subject) => {
        append(subject.log, 'kept')
        await subject.log.flush()
        append(subject.log, 'lost')
        const again = await subject.reopen()
        deepEqual(await replayed(again.log), ['kept'])
        equal(again.log.durable, again.log.end)
        append(again.log, 'new')
        await again.log.flush()
        deepEqual(await replayed(again.log), ['kept', 'new'])
        const third = await again.reopen()
        deepEqual(await replayed(third.log), ['kept', 'new'])
        return third
      }),
    )

    it(
      'has the same positions, start and segments',
      withLog(
        async (subject) => {
          for (let count = 0; count < 100; count++) {
            subject.log.append(numbered(count))
            await subject.log.flush()
          }
          await subject.log.trim(subject.log.segments()[1]!.end)
          const before = await positionsOf(subject.log)
          const starts = subject.log.segments().map(({ start }) => start)
          const again = await subject.reopen()
          deepEqual(await positionsOf(again.log), before)
          deepEqual(
            again.log.segments().map(({ start }) => start),
            starts,
          )
          equal(again.log.start, starts[0])
          return again
        },
        { segmentBytesMax: 10_000 },
      ),
    )

    it(
      'works after being opened many times with nothing appended',
      withLog(async (subject) => {
        append(subject.log, 'still here')
        await subject.log.flush()
        let again = subject
        for (let times = 0; times < 5; times++) again = await again.reopen()
        deepEqual(await replayed(again.log), ['still here'])
        return again
      }),
    )
  })

  describe(`${name}: segments`, () => {
    it(
      'follow each other without a gap, and the last one is being written',
      withLog(
        async (subject) => {
          const { log } = subject
          for (let count = 0; count < 100; count++) {
            log.append(numbered(count))
            if (count % 3 === 0) await log.flush()
            const segments = log.segments()
            equal(segments[0]!.start, log.start)
            equal(segments.at(-1)!.start, log.newestStart)
            equal(segments.at(-1)!.end, log.end)
            for (const [index, segment] of segments.slice(1).entries())
              equal(segments[index]!.end, segment.start)
          }
          ok(log.segments().length > 3)
          ok(log.segments().every(({ bytes }) => bytes >= 0))
          return subject
        },
        { segmentBytesMax: 10_000 },
      ),
    )

    it(
      'begin where a roll asks for it',
      withLog(async (subject) => {
        const { log } = subject
        const first = log.append(text('first'))
        await log.flush()
        log.roll()
        equal(log.durable, log.end)
        const second = log.append(text('second'))
        await log.flush()
        const [one, two] = log.segments()
        ok(one!.start <= first && first < one!.end)
        ok(two!.start <= second && second < two!.end)
        const again = await subject.reopen()
        equal(again.log.segments().length, 2)
        deepEqual(await replayed(again.log), ['first', 'second'])
        return again
      }),
    )

    it(
      'are not rolled while they are empty',
      withLog(async (subject) => {
        const { log } = subject
        log.roll()
        log.roll()
        equal(log.segments().length, 1)
        append(log, 'one')
        await log.flush()
        log.roll()
        log.roll()
        equal(log.segments().length, 2)
        return subject
      }),
    )

    it(
      'roll while records are staged or being flushed, and none is lost',
      withLog(async (subject) => {
        const { log } = subject
        append(log, 'one')
        log.roll()
        append(log, 'two')
        const flushing = log.flush()
        log.roll()
        append(log, 'three')
        log.roll()
        append(log, 'four')
        await flushing
        await log.flush()
        append(log, 'five')
        await log.flush()
        deepEqual(await replayed(log), ['one', 'two', 'three', 'four', 'five'])
        ok(log.segments().length >= 2)
        const again = await subject.reopen()
        deepEqual(await replayed(again.log), ['one', 'two', 'three', 'four', 'five'])
        return again
      }),
    )
  })

  describe(`${name}: trimming`, () => {
    const filled = async (log: Log): Promise<number[]> => {
      const positions: number[] = []
      for (let count = 0; count < 60; count++) {
        positions.push(log.append(numbered(count)))
        await log.flush()
      }
      return positions
    }

    it(
      'forgets whole segments before a position, and keeps everything from it on',
      withLog(
        async (subject) => {
          const { log } = subject
          const positions = await filled(log)
          const before = positions[30]!
          await log.trim(before)
          ok(log.start > positions[0]!)
          ok(log.start <= before)
          const kept = await positionsOf(log)
          deepEqual(kept, positions.slice(-kept.length))
          ok(kept.includes(before))
          const again = await subject.reopen()
          deepEqual(await positionsOf(again.log), kept)
          return again
        },
        { segmentBytesMax: 5000 },
      ),
    )

    it(
      'never takes the segment that is being written, nor what is not durable',
      withLog(
        async (subject) => {
          const { log } = subject
          await filled(log)
          const last = log.append(text('last'))
          await log.trim(log.end)
          equal(String(await log.readAt(last, 4)), 'last')
          await log.flush()
          await log.trim(log.end)
          equal(log.segments().length, 1)
          append(log, 'after')
          await log.flush()
          equal((await replayed(log)).at(-1), 'after')
          return subject
        },
        { segmentBytesMax: 5000 },
      ),
    )

    it(
      'leaves an empty log after a roll, which goes on at the same positions',
      withLog(async (subject) => {
        const { log } = subject
        append(log, 'gone')
        await log.flush()
        log.roll()
        const { end } = log
        await log.trim(end)
        equal(log.segments().length, 1)
        deepEqual(await replayed(log), [])
        const again = await subject.reopen()
        equal(again.log.end, end)
        equal(again.log.start, end)
        deepEqual(await replayed(again.log), [])
        append(again.log, 'new')
        await again.log.flush()
        const third = await again.reopen()
        deepEqual(await replayed(third.log), ['new'])
        return third
      }),
    )

    it(
      'refuses to read what it forgot',
      withLog(
        async (subject) => {
          const { log } = subject
          const positions = await filled(log)
          await log.trim(positions[30]!)
          await rejects(async () => log.replay(positions[0]!, () => undefined))
          return subject
        },
        { segmentBytesMax: 5000 },
      ),
    )

    it(
      'lets reads finish that began before it',
      withLog(
        async (subject) => {
          await filled(subject.log)
          const again = await subject.reopen()
          const positions = await positionsOf(again.log)
          const reading = Promise.all(
            positions.slice(0, 10).map((position) => again.log.readAt(position, 1000)),
          )
          const trimming = again.log.trim(positions[30]!)
          for (const [count, record] of (await reading).entries()) ok(numbered(count).equals(record))
          await trimming
          return again
        },
        { segmentBytesMax: 5000 },
      ),
    )

    it(
      'runs beside flushes',
      withLog(
        async (subject) => {
          const { log } = subject
          const expected: string[] = []
          for (let count = 0; count < 100; count++) {
            expected.push(append(log, `${count} `.repeat(100)))
            await Promise.all([log.flush(), log.trim(log.durable), log.maintain()])
          }
          const rest = await replayed(log)
          deepEqual(rest, expected.slice(-rest.length))
          const again = await subject.reopen()
          deepEqual(await replayed(again.log), rest)
          return again
        },
        { segmentBytesMax: 5000 },
      ),
    )
  })

  describe(`${name}: closing`, () => {
    it(
      'may be done twice, and ends every use',
      withLog(async (subject) => {
        const { log } = subject
        const position = log.append(text('record'))
        await log.flush()
        await log.close()
        await log.close()
        throws(() => log.append(text('late')))
        await rejects(async () => log.flush())
        await rejects(async () => log.readAt(position, 6))
        await rejects(async () => log.replay(position, () => undefined))
        await rejects(async () => log.trim(position))
        return subject.reopen()
      }),
    )

    it(
      'waits for the flush that runs',
      withLog(async (subject) => {
        append(subject.log, 'in time')
        const flushing = subject.log.flush()
        const again = await subject.reopen()
        await flushing
        deepEqual(await replayed(again.log), ['in time'])
        return again
      }),
    )
  })
}

/** The records from the start, as text. */
export async function replayed(log: Log): Promise<string[]> {
  const records: string[] = []
  await log.replay(log.start, (_position, buffer, offset, length) => {
    records.push(buffer.toString('latin1', offset, offset + length))
  })
  return records
}

export async function positionsOf(log: Log): Promise<number[]> {
  const positions: number[] = []
  await log.replay(log.start, (position) => positions.push(position))
  return positions
}

export function append(log: Log, record: string): string {
  log.append(text(record))
  return record
}

export function text(content: string): Buffer {
  return Buffer.from(content, 'latin1')
}

/** 1000 bytes that begin with a number. */
export function numbered(count: number): Buffer {
  return Buffer.concat([text(`${count}:`), pattern(1000)]).subarray(0, 1000)
}

function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >>> 8)) & 0xff
  return bytes
}
