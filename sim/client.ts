/**
 * A program that uses the broker, one request after the other: it sends, receives and deletes, and it behaves as
 * badly as programs do. It forgets what it received, deletes with old handles, hangs up, repeats what it does not
 * know the outcome of.
 */

import { hash } from 'node:crypto'
import type { Dice } from './dice.ts'
import type { Action, Answer, Exchange, Held, Letter, Server } from './exchange.ts'
import type { Letters } from './letters.ts'
import type { Oracle } from './oracle.ts'
import { createAction, isFifo, QUEUES, reallowed, redrawn, rescoped } from './queue-plans.ts'
import { nameIn } from './readings.ts'
import type { Scheduler } from './scheduler.ts'
import type { Wire } from './wire.ts'

export interface ClientParts {
  readonly server: Server
  readonly oracle: Oracle
  readonly scheduler: Scheduler
  readonly letters: Letters
  readonly habits: Habits
  readonly dice: Dice
}

/** More messages than this in all queues: clients rather receive. */
const BACKLOG_MAX = 250
const LONG_POLL_SECONDS = 20
const TAGS = [
  { 'pabal:on-exhausted': 'discard' },
  { 'pabal:on-exhausted': 'dead-letter', team: 'x' },
  { team: 'y' },
  { stage: '<1> & "2"' },
]
const PERMITTED = [['SendMessage'], ['ReceiveMessage', 'DeleteMessage'], ['*']]

/** How likely a client does what. */
const DEEDS = {
  send: 40,
  receive: 30,
  delete: 40,
  extend: 6,
  release: 14,
  forget: 4,
  stale: 1,
  retry: 20,
  repeat: 3,
  create: 1.5,
  change: 1,
  rescope: 1.5,
  allow: 0.4,
  tag: 0.6,
  permit: 0.5,
  remove: 0.15,
  purge: 0.25,
  redrive: 0.8,
  cancel: 0.3,
  look: 2,
  count: 2,
} as const
export type Deed = keyof typeof DEEDS

/** What the clients of a run are about. */
export interface Habits {
  readonly deeds: Readonly<Record<Deed, number>>
  readonly queues: Readonly<Record<string, number>>
  readonly prioritized: number
  /** How likely a message has the deduplication id of an earlier one. */
  readonly repeating: number
}

/** `leftOut`: what they never do. */
export function drawHabits(dice: Dice, leftOut: readonly Deed[] = []): Habits {
  const { send, receive, delete: remove, ...rare } = DEEDS
  const usual = { send, receive: dice.pick([receive, receive / 3]), delete: remove }
  return {
    deeds: { ...usual, ...dice.swarm(rare), ...Object.fromEntries(leftOut.map((deed) => [deed, 0])) },
    queues: dice.swarm(Object.fromEntries(QUEUES.map((queue) => [queue, 1]))),
    prioritized: dice.pick([0.1, 0.3, 0.8]),
    repeating: dice.pick([0.1, 0.2, 0.6]),
  }
}

export class Client {
  /** Only receive and delete, until nothing is left. */
  draining = false
  /** Does nothing until then. */
  restingUntilUs = 0
  readonly #parts: ClientParts
  readonly #wire: Wire
  #held: Held[] = []
  #stale: Held[] = []
  #unknown: Extract<Action, { kind: 'send' }>[] = []
  #attempt: Extract<Action, { kind: 'receive' }> | undefined
  #tasks: { readonly queue: string; readonly handle: string }[] = []
  #missing: string | undefined
  /** By FIFO queue, newest first. */
  readonly #recent = new Map<string, readonly Letter[]>()
  /** Done, and perhaps done again. */
  #purged: string | undefined
  #page: Extract<Action, { kind: 'listQueues' | 'listSources' }> | undefined
  #next = 0

  constructor(parts: ClientParts, wire: Wire) {
    this.#parts = parts
    this.#wire = wire
  }

  begin(): void {
    this.#parts.scheduler.after(this.#parts.dice.between(0, 5000), () => this.#act())
  }

  /** As when its process dies: what it held is forgotten. */
  crash(): void {
    this.#held = []
    this.#attempt = undefined
    this.#unknown = []
  }

  #act(): void {
    const { scheduler } = this.#parts
    if (scheduler.nowUs < this.restingUntilUs) {
      scheduler.at(this.restingUntilUs, () => this.#act())
      return
    }
    const action = this.draining ? this.#drain() : this.#choose()
    if (action === undefined) this.#rest()
    else this.#request(action)
  }

  #rest(): void {
    const { dice, scheduler } = this.#parts
    const ms = dice.chance(0.9) ? dice.between(0, 15) : dice.between(0, 1500)
    scheduler.after(ms * 1000 + dice.between(0, 999), () => this.#act())
  }

  #request(action: Action): void {
    const { server, oracle, dice, scheduler } = this.#parts
    let over = false
    const finish = (answer: Answer): void => {
      if (over) return
      over = true
      this.#learn(action, answer, oracle.answered(exchange, answer))
      this.#rest()
    }
    const exchange: Exchange = {
      action,
      wire: this.#wire,
      startedAt: server.now(),
      hangUp: new AbortController(),
      hungUp: false,
      rests: -1,
      moment: undefined,
      done: finish,
    }
    server.request(exchange)
    if (this.draining || !dice.chance(action.kind === 'receive' ? 0.12 : 0.03)) return
    scheduler.after(dice.between(0, dice.chance(0.5) ? 2000 : 5_000_000), () => {
      if (over) return
      exchange.hungUp = true
      exchange.hangUp.abort()
      finish({ kind: 'lost' })
    })
  }

  #learn(action: Action, answer: Answer, messages: readonly Held[]): void {
    const { dice } = this.#parts
    if (action.kind === 'receive') {
      this.#held.push(...messages)
      this.#attempt = action.attemptId === undefined ? undefined : action
    }
    if (answer.kind === 'refused' && answer.code === 'NonExistentQueue') this.#missing = action.queue
    if (answer.kind === 'done' && action.kind === 'purge') this.#purged = action.queue
    const unsure = answer.kind === 'lost' || (answer.kind === 'refused' && answer.status >= 500)
    if (action.kind === 'send' && unsure && dice.chance(0.6)) this.#unknown.push(action)
    if (action.kind === 'delete' && answer.kind === 'done') {
      const gone = this.#held.filter(({ receipt }) => action.receipts.includes(receipt))
      this.#stale = [...gone, ...this.#stale].slice(0, 20)
      this.#held = this.#held.filter(({ receipt }) => !action.receipts.includes(receipt))
    }
    if (action.kind === 'redrive' && answer.kind === 'done') {
      this.#tasks.push({ queue: action.queue, handle: String(answer.output['TaskHandle']) })
    }
    if ((action.kind === 'listQueues' || action.kind === 'listSources') && answer.kind === 'done') {
      this.#page = nextPage(action, answer.output)
    }
    // What is refused for good is not tried again.
    if ('receipts' in action && answer.kind === 'refused' && answer.status < 500) {
      this.#held = this.#held.filter(({ receipt }) => !action.receipts.includes(receipt))
    }
  }

  #drain(): Action {
    const receipts = this.#takeOfOneQueue(10)
    if (receipts !== undefined) return { kind: 'delete', ...receipts, batch: true }
    const existing = [...this.#parts.oracle.model.queues.values()].map(({ definition }) => definition.name)
    const queue = existing[this.#next++ % Math.max(existing.length, 1)] ?? QUEUES[0]!
    const busy = this.#parts.oracle.model.queueNamed(queue)
    const waitSeconds =
      busy !== undefined && this.#parts.oracle.model.of(busy).length > 0 ? LONG_POLL_SECONDS : 0
    return { kind: 'receive', queue, max: 10, visibilitySeconds: 30, waitSeconds, attemptId: undefined }
  }

  #choose(): Action | undefined {
    const { dice, oracle } = this.#parts
    const missing = this.#missing
    this.#missing = undefined
    if (missing !== undefined && dice.chance(0.7)) return createAction(dice, missing)
    const purged = this.#purged
    this.#purged = undefined
    if (purged !== undefined && dice.chance(0.4)) return { kind: 'purge', queue: purged }
    const crowded = oracle.model.messages.size > BACKLOG_MAX
    const holding = this.#held.length > 0
    const possible = (deed: Deed, is: boolean): number => (is ? this.#parts.habits.deeds[deed] : 0)
    const deed = dice.weighted<Deed>({
      ...this.#parts.habits.deeds,
      send: crowded ? 4 : this.#parts.habits.deeds.send,
      receive: crowded ? 50 : this.#parts.habits.deeds.receive,
      delete: possible('delete', holding),
      extend: possible('extend', holding),
      release: possible('release', holding),
      forget: possible('forget', holding),
      stale: possible('stale', this.#stale.length > 0),
      retry: possible('retry', this.#unknown.length > 0),
      repeat: possible('repeat', this.#attempt !== undefined),
      cancel: possible('cancel', this.#tasks.length > 0),
    })
    return this.#do(deed)
  }

  #do(deed: Deed): Action | undefined {
    const { dice, habits } = this.#parts
    const queue = dice.weighted(habits.queues)
    switch (deed) {
      case 'send':
        return this.#send(queue)
      case 'receive':
        return this.#receive(queue)
      case 'delete': {
        const receipts = this.#takeOfOneQueue(dice.chance(0.5) ? 1 : 10)
        return receipts && { kind: 'delete', ...receipts, batch: receipts.receipts.length > 1 }
      }
      case 'extend':
      case 'release': {
        const receipts = this.#takeOfOneQueue(dice.chance(0.8) ? 1 : 10)
        const seconds = deed === 'release' ? 0 : dice.between(1, 60)
        return receipts && { kind: 'extend', ...receipts, seconds, batch: receipts.receipts.length > 1 }
      }
      case 'forget': {
        const forgotten = this.#held.splice(0, dice.between(1, 3))
        this.#stale = [...forgotten, ...this.#stale].slice(0, 20)
        return undefined
      }
      case 'stale': {
        const { queue, receipt } = dice.pick(this.#stale)
        if (dice.chance(0.5)) return { kind: 'delete', queue, receipts: [receipt], batch: false }
        return { kind: 'extend', queue, receipts: [receipt], seconds: dice.between(0, 10), batch: false }
      }
      case 'retry':
        return this.#unknown.shift()
      case 'repeat':
        return this.#attempt
      case 'create':
        return createAction(dice, queue)
      case 'change':
        return { kind: 'change', queue, attributes: redrawn(dice, queue) }
      case 'rescope':
        return { kind: 'change', queue: dice.pick(['line.fifo', 'groups.fifo']), attributes: rescoped(dice) }
      case 'allow':
        return { kind: 'change', queue: dice.pick(['dead', 'dead.fifo']), attributes: reallowed(dice) }
      case 'permit': {
        const label = dice.pick(['reader', 'writer', 'both'])
        if (dice.chance(0.4)) return { kind: 'revoke', queue, label }
        const accounts = dice.pick([['111111111111'], ['111111111111', '222222222222']])
        return { kind: 'permit', queue, label, accounts, actions: dice.pick(PERMITTED) }
      }
      case 'look':
        return this.#look(queue)
      case 'tag':
        if (dice.chance(0.4))
          return { kind: 'untag', queue, keys: [dice.pick(['team', 'pabal:on-exhausted'])] }
        return { kind: 'tag', queue, tags: dice.pick(TAGS) }
      case 'redrive': {
        const from = dice.pick(['dead', 'dead.fifo'])
        const destination = isFifo(from) ? 'line.fifo' : 'plain'
        return {
          kind: 'redrive',
          queue: from,
          destination: dice.chance(0.5) ? destination : undefined,
          perSecond: dice.chance(0.5) ? dice.between(1, 50) : undefined,
        }
      }
      case 'cancel':
        return { kind: 'cancel', ...this.#tasks.shift()! }
      case 'remove':
      case 'purge':
      case 'count':
        return { kind: deed, queue }
    }
  }

  /** The next page, or another question. */
  #look(queue: string): Action {
    const { dice } = this.#parts
    const page = this.#page
    this.#page = undefined
    if (page !== undefined) return page
    const first = { max: dice.pick([undefined, 1, 2, 3]), after: undefined }
    const prefix = dice.pick(['', '', 'dead', 'l', 'nothing'])
    return dice.pick<Action>([
      { kind: 'listQueues', queue: '', prefix, ...first },
      { kind: 'listSources', queue, ...first },
      { kind: 'listTags', queue },
      { kind: 'tasks', queue },
      { kind: 'locate', queue },
    ])
  }

  #send(queue: string): Action {
    const { dice, letters, habits, oracle } = this.#parts
    const fifo = isFifo(queue)
    const known = oracle.model.queueNamed(queue)?.definition.attributes['ContentBasedDeduplication']
    const written: Letter[] = []
    const count = dice.chance(0.3) ? dice.between(2, 10) : 1
    for (let index = 0; index < count; index += 1) {
      const letter = letters.write(
        dice,
        { fifo, contentDedup: known === 'true', prioritized: habits.prioritized },
        (body) => hash('sha256', body),
      )
      const sent = fifo && dice.chance(habits.repeating) ? this.#repeating(queue, letter, written) : letter
      oracle.letters.set(letter.token, sent)
      written.push(sent)
    }
    if (fifo) this.#recent.set(queue, [...written, ...(this.#recent.get(queue) ?? [])].slice(0, 20))
    return { kind: 'send', queue, letters: written, batch: count > 1 || dice.chance(0.1) }
  }

  /** Some programs repeat an id: another message, the same deduplication id, and not always the same group. */
  #repeating(queue: string, letter: Letter, written: readonly Letter[]): Letter {
    const { dice } = this.#parts
    const { dedupId, group } = dice.pick([letter, ...written, ...(this.#recent.get(queue) ?? [])])
    return { ...letter, dedupId, group: dice.chance(0.7) ? group : letter.group, byContent: false }
  }

  #receive(queue: string): Action {
    const { dice } = this.#parts
    const attempts = isFifo(queue) && dice.chance(0.3)
    return {
      kind: 'receive',
      queue,
      max: dice.chance(0.4) ? 10 : dice.between(1, 4),
      visibilitySeconds: dice.chance(0.4) ? dice.pick([0, 1, 5, 60]) : undefined,
      waitSeconds: dice.chance(0.5) ? dice.pick([0, 1, 3]) : undefined,
      attemptId: attempts ? `attempt-${dice.between(1, 1_000_000)}` : undefined,
    }
  }

  #takeOfOneQueue(max: number): { queue: string; receipts: readonly string[] } | undefined {
    if (this.#held.length === 0) return undefined
    const from = this.#held.slice(this.#parts.dice.between(0, this.#held.length - 1))
    const same = from.filter(({ queue }) => queue === from[0]!.queue)
    const first = from[0]!
    return { queue: first.queue, receipts: same.slice(0, max).map(({ receipt }) => receipt) }
  }
}

function nextPage(
  action: Extract<Action, { kind: 'listQueues' | 'listSources' }>,
  output: Readonly<Record<string, unknown>>,
): typeof action | undefined {
  const urls = (output['QueueUrls'] ?? output['queueUrls'] ?? []) as readonly string[]
  const token = output['NextToken']
  if (token === undefined || urls.length === 0) return undefined
  return { ...action, after: { name: nameIn(urls.at(-1)!), token: String(token) } }
}
