/**
 * A week's traffic in fast motion: messages go through a queue whose backlog stays as it is, beside dead letters that
 * nobody touches. After every round the disk's use is held against what lives: at most twice of it and a constant.
 *
 * The constant is what the log may keep whatever lives: the segments that reclaiming leaves (reclaim.ts), the one
 * being written, what came in the last five minutes (it is the memory of deduplication), and what the caller adds.
 */

import type { Log } from '../broker/src/log/log.ts'
import type { Answers, Command } from '../broker/src/queue/command.ts'
import { isProblem } from '../broker/src/queue/problem.ts'
import { silentLogger } from '../broker/src/runtime/logger.ts'
import { manualClock } from '../broker/src/runtime/manual-clock.ts'
import type { Random } from '../broker/src/runtime/random.ts'
import { openShard, type Shard } from '../broker/src/shard/shard.ts'

const WEEK_MS = 7 * 24 * 3_600_000
const WINDOW_MS = 300_000
const SEGMENTS_SPARE = 4
const BATCH = 10
/** More than a record costs beyond its body. */
const RECORD_BYTES = 150

export interface WeekOptions {
  readonly messages: number
  readonly backlog: number
  readonly deadLetters: number
  readonly bodyBytes: number
  readonly segmentBytes: number
  /** What else is on the disk: a reserve, space allocated ahead. */
  readonly otherBytes: number
  /** Messages between two looks at the disk. */
  readonly roundMessages: number
  readonly openLog: () => Promise<Log>
  readonly usedBytes: () => number
  readonly random: Random
  readonly report?: (passed: Passed) => void
}

export interface Passed {
  readonly messages: number
  readonly usedBytes: number
  readonly liveBytes: number
  readonly boundBytes: number
  readonly segments: number
}

export interface Week {
  /** Of all looks at the disk, the one that came closest to the bound. */
  readonly tightest: Passed
  readonly last: Passed
}

/** Rejects with an Error as soon as the disk holds more than it may, or a message is not where it should be. */
export async function passWeek(options: WeekOptions): Promise<Week> {
  const clock = manualClock(1_800_000_000_000)
  const { openLog, random } = options
  const shard = await openShard({
    openLog,
    clock,
    random,
    log: silentLogger,
    endOfTurn: (run) => setImmediate(run),
    awsWaits: false,
  })
  clock.onAdvance(() => shard.settled())
  const week = new Passing(shard, options)
  await week.begin()
  for (let passed = 0; passed < options.messages; passed += options.roundMessages) {
    await week.round()
    await clock.advance(Math.ceil((WEEK_MS * options.roundMessages) / options.messages))
    week.look(passed + options.roundMessages)
  }
  await week.end()
  await shard.close()
  return { tightest: week.tightest!, last: week.last! }
}

class Passing {
  tightest: Passed | undefined
  last: Passed | undefined
  readonly #shard: Shard
  readonly #options: WeekOptions
  readonly #content: Buffer

  constructor(shard: Shard, options: WeekOptions) {
    this.#shard = shard
    this.#options = options
    this.#content = Buffer.alloc(options.bodyBytes, 'x')
  }

  async begin(): Promise<void> {
    const twoWeeks = { MessageRetentionPeriod: '1209600' }
    const policy = { deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:dead', maxReceiveCount: 1 }
    await this.#submit({ kind: 'createQueue', name: 'dead', attributes: twoWeeks, tags: {} })
    const attributes = { ...twoWeeks, RedrivePolicy: JSON.stringify(policy) }
    await this.#submit({ kind: 'createQueue', name: 'work', attributes, tags: {} })
    await this.#send(this.#options.deadLetters)
    await this.#receive(this.#options.deadLetters, 0)
    // The second receive finds them exhausted, and nothing else.
    await this.#submit({ kind: 'receive', queue: 'work', max: BATCH, waitSeconds: 0 })
    await this.#send(this.#options.backlog)
    await this.#expectCounts()
  }

  /** As many come as go, the oldest first. */
  async round(): Promise<void> {
    const sending = this.#send(this.#options.roundMessages)
    const receipts = await this.#receive(this.#options.roundMessages, 60)
    await Promise.all(
      chunks(receipts).map((some) => this.#submit({ kind: 'delete', queue: 'work', receipts: some })),
    )
    await sending
  }

  look(messages: number): void {
    const liveBytes = this.#shard.state!.space.liveBytes
    const usedBytes = this.#options.usedBytes()
    const { length: segments } = this.#shard.log!.segments()
    const boundBytes = 2 * liveBytes + constantOf(this.#options)
    this.last = { messages, usedBytes, liveBytes, boundBytes, segments }
    if (usedBytes > boundBytes) throw new Error(`the disk holds too much: ${JSON.stringify(this.last)}`)
    if (
      this.tightest === undefined ||
      boundBytes - usedBytes < this.tightest.boundBytes - this.tightest.usedBytes
    )
      this.tightest = this.last
    this.#options.report?.(this.last)
  }

  end(): Promise<void> {
    return this.#expectCounts()
  }

  async #expectCounts(): Promise<void> {
    const work = await this.#submit({ kind: 'describeQueue', queue: 'work' })
    const dead = await this.#submit({ kind: 'describeQueue', queue: 'dead' })
    const { backlog, deadLetters } = this.#options
    if (work.visible === backlog && work.inFlight === 0 && dead.visible === deadLetters) return
    throw new Error(`${work.visible} wait and ${work.inFlight} are in flight; ${dead.visible} dead letters`)
  }

  async #send(messages: number): Promise<void> {
    const { length: size } = this.#content
    const entry = { content: this.#content, size, contentHash: '' }
    const entries = Array.from({ length: BATCH }, () => entry)
    await Promise.all(
      Array.from({ length: messages / BATCH }, () =>
        this.#submit({ kind: 'send', queue: 'work', entries, batch: true }),
      ),
    )
  }

  async #receive(messages: number, visibilitySeconds: number): Promise<readonly string[]> {
    const answers = await Promise.all(
      Array.from({ length: messages / BATCH }, () =>
        this.#submit({ kind: 'receive', queue: 'work', max: BATCH, waitSeconds: 0, visibilitySeconds }),
      ),
    )
    return answers.flatMap((answer) => answer.messages.map(({ receipt }) => receipt))
  }

  async #submit<Kind extends Command['kind']>(
    command: Extract<Command, { readonly kind: Kind }>,
  ): Promise<Answers[Kind]> {
    const answer = await this.#shard.submit<Kind>(command)
    if (isProblem(answer)) throw new Error(JSON.stringify(answer))
    return answer
  }
}

export function constantOf(options: WeekOptions): number {
  const { messages, bodyBytes, segmentBytes, otherBytes, roundMessages } = options
  const inWindow = Math.max((messages * WINDOW_MS) / WEEK_MS, 0) + 2 * roundMessages
  return SEGMENTS_SPARE * segmentBytes + inWindow * (bodyBytes + RECORD_BYTES) + otherBytes
}

function chunks(receipts: readonly string[]): readonly string[][] {
  return Array.from({ length: Math.ceil(receipts.length / BATCH) }, (_, index) =>
    receipts.slice(index * BATCH, (index + 1) * BATCH),
  )
}
