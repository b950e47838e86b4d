/**
 * What goes between brokers, and what becomes of it: it may be lost, its answer may be lost, it may come long after
 * whoever sent it gave up, and twice. It goes to whoever holds the shard, or believes to.
 */

import type { Answers, ArriveCommand } from '../../broker/src/queue/command.ts'
import type { Problem } from '../../broker/src/queue/problem.ts'
import type { Dice } from '../dice.ts'
import type { Process } from '../process.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'

export type ArriveAnswer = Answers['arrive'] | Problem
/** Takes the command to a broker; resolves when that one has an answer. */
export type Deliver = (command: ArriveCommand) => Promise<ArriveAnswer>

const FATES = {
  arrives: 40,
  /** It never gets there. */
  lost: 10,
  /** It gets there; the answer is lost. */
  unanswered: 15,
  /** The connection breaks, and then it gets there. */
  late: 20,
  /** It takes long. */
  held: 10,
  /** It gets there, and once more. */
  twice: 10,
} as const
type Fate = keyof typeof FATES

const SHORT_US = [50, 3000] as const
const BROKEN_US = [1000, 300_000] as const
const LONG_US = [5000, 6_000_000] as const

export class Network {
  /** How likely it goes wrong: always, and in bad times. */
  usual = 0
  badness = 0
  readonly counts = new Map<string, number>()
  readonly #scheduler: Scheduler
  readonly #dice: Dice
  readonly #trace: Trace
  readonly #deliver: Deliver

  constructor(scheduler: Scheduler, dice: Dice, trace: Trace, deliver: Deliver) {
    this.#scheduler = scheduler
    this.#dice = dice
    this.#trace = trace
    this.#deliver = deliver
  }

  /** As one process asks. */
  arrive(process: Process, command: ArriveCommand): Promise<ArriveAnswer> {
    const fate = this.#dice.chance(Math.max(this.usual, this.badness))
      ? this.#dice.weighted<Fate>(FATES)
      : 'arrives'
    this.counts.set(`a batch ${fate}`, (this.counts.get(`a batch ${fate}`) ?? 0) + 1)
    if (fate !== 'arrives') this.#trace.add(`${this.#scheduler.nowUs} a batch to ${command.queue} is ${fate}`)
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => process.reach(() => reject(error as Error))
      const answer = (answer: ArriveAnswer): void =>
        this.#after(SHORT_US, () => process.reach(() => resolve(answer)))
      const deliver = (): void => void this.#deliver(command).then(answer, fail)
      const ignore = (): void => void this.#deliver(command).catch(() => {})
      switch (fate) {
        case 'arrives':
          return this.#after(SHORT_US, deliver)
        case 'held':
          return this.#after(LONG_US, deliver)
        case 'lost':
          return this.#after(BROKEN_US, () => fail(new ConnectionLost()))
        case 'unanswered':
          this.#after(SHORT_US, ignore)
          return this.#after(BROKEN_US, () => fail(new ConnectionLost()))
        case 'late':
          this.#after(BROKEN_US, () => fail(new ConnectionLost()))
          return this.#after(LONG_US, ignore)
        case 'twice':
          this.#after(SHORT_US, deliver)
          return this.#after(LONG_US, ignore)
      }
    })
  }

  #after([min, max]: readonly [number, number], run: () => void): void {
    this.#scheduler.after(this.#dice.between(min, max), run)
  }
}

export class ConnectionLost extends Error {
  constructor() {
    super('the connection was lost')
    this.name = 'ConnectionLost'
  }
}
