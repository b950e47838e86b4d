/** `pabal log show`: what a data directory holds; with `--events` what its log says, event by event. */

import { basename } from 'node:path'
import { openStoredLog, type StoredLog } from '../log/stored-log.ts'
import { eventLine } from '../log-tools/event-line.ts'
import { readState } from '../log-tools/stored-state.ts'
import type { Event } from '../queue/event.ts'
import { decodeEvent, isFirst } from '../queue/event-codec.ts'
import type { Queue } from '../queue/queue.ts'
import type { State } from '../queue/state.ts'
import { isoDate } from '../runtime/dates.ts'
import { systemDisk } from '../runtime/disk.ts'
import { readArguments, readCount } from './arguments.ts'
import { withDirectory } from './data-directory.ts'
import { Output } from './output.ts'

const USAGE = 'pabal log show DIRECTORY [--events [--from POSITION] [--limit N] [--full]]'
const OPTIONS = {
  events: { type: 'boolean' },
  from: { type: 'string' },
  limit: { type: 'string' },
  full: { type: 'boolean' },
} as const

/** Read at once; each page looks at its segment from the front again. */
const PAGE_EVENTS = 20_000

interface EventRange {
  readonly from: number
  readonly limit: number
  readonly full: boolean
}

export async function show(args: readonly string[]): Promise<void> {
  const { words, flags } = readArguments(args, USAGE, 1, OPTIONS)
  const range: EventRange = {
    from: readCount(flags, 'from', 0),
    limit: readCount(flags, 'limit', Number.POSITIVE_INFINITY),
    full: flags['full'] === true,
  }
  await withDirectory(words[0]!, async (directory) => {
    await using log = await openStoredLog(systemDisk, directory)
    if (flags['events'] === true) await showEvents(log, range)
    else await showWhole(directory, log)
  })
}

interface Times {
  events: number
  firstAt: number
  lastAt: number
}

async function showWhole(directory: string, log: StoredLog): Promise<void> {
  const state = await readState(log)
  const times = await readTimes(log)
  const output = new Output()
  await output.line(`${directory}: format version ${log.formatVersion}, positions ${log.start} to ${log.end}`)
  await output.line('')
  for (const row of columns([SEGMENT_HEAD, ...segmentRows(log, state, times)])) await output.line(row)
  await output.line('')
  for (const row of columns([QUEUE_HEAD, ...[...state.queues.values()].map((queue) => queueRow(queue))])) {
    await output.line(row)
  }
  await output.flush()
}

async function readTimes(log: StoredLog): Promise<readonly Times[]> {
  const starts = log.segments().map(({ start }) => start)
  const times = starts.map(() => ({ events: 0, firstAt: 0, lastAt: 0 }))
  let index = 0
  await log.replay(log.start, (position, buffer, offset) => {
    while (index + 1 < starts.length && position >= starts[index + 1]!) index += 1
    const segment = times[index]!
    // Where every event has its time: behind its kind.
    const at = buffer.readDoubleBE(offset + 1)
    if (segment.events === 0) segment.firstAt = at
    segment.lastAt = Math.max(segment.lastAt, at)
    segment.events += 1
  })
  return times
}

const SEGMENT_HEAD = ['segment', 'bytes', 'live', 'events', 'first', 'last']

function segmentRows(log: StoredLog, state: State, times: readonly Times[]): string[][] {
  return log.segments().map(({ path, start, bytes }, index) => {
    const { events, firstAt, lastAt } = times[index]!
    const span = events === 0 ? ['–', '–'] : [isoDate(firstAt), isoDate(lastAt)]
    return [basename(path), String(bytes), String(state.space.liveIn(start)), String(events), ...span]
  })
}

const QUEUE_HEAD = ['queue', 'visible', 'in flight', 'delayed', 'created', '']

function queueRow({ name, visible, inFlight, delayed, definition, settings }: Queue): string[] {
  const target = settings.redrive === undefined ? '' : `dead letters go to ${settings.redrive.target}`
  return [name, String(visible), String(inFlight), String(delayed), isoDate(definition.createdAt), target]
}

/** The first column to the left, numbers to the right. */
function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const isNumbers = rows[0]!.map((_, column) => rows.slice(1).every((row) => /^\d+$/.test(row[column]!)))
  return rows.map((row) =>
    row
      .map((text, at) => (isNumbers[at] ? text.padStart(widths[at]!) : text.padEnd(widths[at]!)))
      .join('  ')
      .trimEnd(),
  )
}

/** By pages, so that a reader slower than the disk fills no memory. */
async function showEvents(log: StoredLog, { from, limit, full }: EventRange): Promise<void> {
  const state = await readState(log)
  const names = { salt: state.salt, queueName: (id: number) => state.queues.get(id)?.name }
  const output = new Output()
  let left = limit
  for (let next: number | undefined = Math.max(from, log.start); next !== undefined && left > 0; ) {
    const page: string[] = []
    next = await readPage(log, next, Math.min(PAGE_EVENTS, left), (position, first, event) =>
      page.push(JSON.stringify({ position, first, ...eventLine(event, names, full) })),
    )
    left -= page.length
    for (const line of page) await output.line(line)
  }
  await output.flush()
}

/** Returns the position of the first event behind the page; undefined where there is none. */
async function readPage(
  log: StoredLog,
  from: number,
  count: number,
  see: (position: number, first: boolean, event: Event) => void,
): Promise<number | undefined> {
  const full = new PageIsFull()
  let seen = 0
  try {
    await log.replay(from, (position, buffer, offset, length) => {
      if (seen++ >= count) {
        full.position = position
        throw full
      }
      see(position, isFirst(buffer, offset), decodeEvent(buffer, offset, length))
    })
    return undefined
  } catch (error) {
    if (error !== full) throw error
    return full.position
  }
}

class PageIsFull extends Error {
  position = 0
}
