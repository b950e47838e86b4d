/**
 * The queue core as anybody would write it who had all the time in the world: arrays, filters and sorts. It is what
 * the real one is compared with. A message is numbered like the real one's, a handle is its number and its receive.
 */

const DEDUPLICATION_MS = 300_000

export interface ModelMessage {
  readonly id: number
  readonly group: string | undefined
  readonly priority: number
  queue: ModelQueue
  sentAt: number
  /** Ready when undefined. Of a message delayed in a FIFO queue the queue's delay decides. */
  hidden: { readonly kind: 'delayed' | 'in flight'; readonly untilAt: number } | undefined
  leasedAt: number
  count: number
  countBefore: number
  source: string | undefined
}

export interface ModelQueue {
  readonly name: string
  readonly fifo: boolean
  readonly groupScope: boolean
  delayMs: number
  readonly retentionMs: number
  readonly dead: { readonly target: string; readonly max: number } | undefined
  readonly discard: boolean
  /** FIFO: groups with something to deliver, the next one first. */
  ring: string[]
  /** Standard: the turns of tenants, by priority and group. */
  readonly turns: Map<string, { ticket: number; served: number }>
  deliveries: number
  dedup: { readonly key: string; readonly id: number; readonly at: number }[]
}

export type NewQueue = Pick<
  ModelQueue,
  'name' | 'fifo' | 'groupScope' | 'delayMs' | 'retentionMs' | 'dead' | 'discard'
>

export interface ModelSend {
  readonly group: string | undefined
  readonly dedupId: string
  readonly delayMs: number | undefined
  readonly priority: number
}

export class Model {
  now: number
  nextId = 1
  queues: ModelQueue[] = []
  messages: ModelMessage[] = []

  constructor(now: number) {
    this.now = now
  }

  /** Ends delays and leases, the earliest first. */
  pass(now: number): void {
    this.now = now
    const over = this.messages.filter(
      (message) => message.hidden !== undefined && this.#endsAt(message) <= now,
    )
    over.sort((a, b) => this.#endsAt(a) - this.#endsAt(b) || a.id - b.id)
    for (const message of over) this.#show(message)
  }

  create(queue: NewQueue): void {
    if (this.find(queue.name) === undefined)
      this.queues.push({ ...queue, ring: [], turns: new Map(), deliveries: 0, dedup: [] })
  }

  find(name: string): ModelQueue | undefined {
    return this.queues.find((queue) => queue.name === name)
  }

  drop(queue: ModelQueue): void {
    this.messages = this.messages.filter((message) => message.queue !== queue)
    this.queues = this.queues.filter((other) => other !== queue)
  }

  purge(queue: ModelQueue): void {
    for (const message of this.of(queue)) this.#remove(message)
    queue.dedup = []
    queue.deliveries = 0
  }

  /** Before anything is done with a queue. */
  expire(queue: ModelQueue): void {
    const old = this.of(queue).filter(({ sentAt }) => sentAt <= this.now - queue.retentionMs)
    old.sort((a, b) => a.sentAt - b.sentAt || a.id - b.id)
    for (const message of old) this.#remove(message)
  }

  /** The number of the message, or of the one that it repeats. */
  send(queue: ModelQueue, { group, dedupId, delayMs = queue.delayMs, priority }: ModelSend): number {
    if (queue.fifo) {
      const keys = [dedupId, `${group}/${dedupId}`]
      const known = queue.dedup.find(({ key, at }) => keys.includes(key) && at + DEDUPLICATION_MS > this.now)
      if (known !== undefined) return known.id
      queue.dedup.push({ key: keys[queue.groupScope ? 1 : 0]!, id: this.nextId, at: this.now })
    }
    const message = this.#add(queue, group, priority)
    if (delayMs > 0) message.hidden = { kind: 'delayed', untilAt: this.now + delayMs }
    else this.#show(message)
    return message.id
  }

  receive(queue: ModelQueue, max: number, visibilityMs: number): ModelMessage[] {
    const taken: ModelMessage[] = []
    const take = (message: ModelMessage): void => {
      if (!this.#moveAway(message)) taken.push(this.#take(message, visibilityMs))
    }
    if (!queue.fifo) {
      for (let next = this.next(queue); next !== undefined && taken.length < max; next = this.next(queue))
        take(next)
      return taken
    }
    while (taken.length < max && queue.ring.length > 0) {
      for (const message of this.#listed(queue, queue.ring[0]!)) {
        if (message.hidden !== undefined || taken.length === max) break
        take(message)
      }
    }
    return taken
  }

  delete(queue: ModelQueue, id: number, count: number): boolean {
    const message = this.#held(queue, id)
    if (message === undefined) return true
    const newest = message.count === count
    if (queue.fifo && !(newest && message.hidden?.kind === 'in flight')) return false
    if (newest) this.#remove(message)
    return true
  }

  change(queue: ModelQueue, id: number, count: number, visibilityMs: number): boolean {
    const message = this.#held(queue, id)
    const inFlight = message?.hidden?.kind === 'in flight'
    if (message === undefined || (queue.fifo && !(inFlight && message.count === count))) return false
    if (visibilityMs > 0) {
      if (inFlight && this.now + visibilityMs > message.leasedAt + 43_200_000) return false
      if (!inFlight) message.leasedAt = this.now
      this.#hide(message, this.now + visibilityMs)
    } else if (inFlight) this.#show(message)
    return true
  }

  undo(queue: ModelQueue, id: number, count: number): void {
    const message = this.#held(queue, id)
    if (message?.hidden?.kind !== 'in flight' || message.count !== count) return
    message.count -= 1
    this.#show(message)
  }

  /** A move task without a rate, to its end. */
  redrive(source: ModelQueue, destination: string | undefined): void {
    for (let left = this.counts(source)[0]; left > 0; left -= 1) {
      const message = source.fifo ? this.#listed(source, source.ring[0] ?? '')[0] : this.next(source)
      const target = this.find(destination ?? message?.source ?? '')
      if (message === undefined || target === undefined) return
      this.#remove(message)
      this.#show(this.#add(target, message.group, message.priority))
    }
  }

  counts(queue: ModelQueue): readonly [visible: number, inFlight: number, delayed: number] {
    const kinds = this.of(queue).map(({ hidden }) => hidden?.kind)
    const count = (wanted: string | undefined): number => kinds.filter((kind) => kind === wanted).length
    return [count(undefined), count('in flight'), count('delayed')]
  }

  of(queue: ModelQueue): ModelMessage[] {
    return this.messages.filter((message) => message.queue === queue).sort((a, b) => a.id - b.id)
  }

  /** A standard queue's next message: by priority, then by turns; every tenth time the oldest of these. */
  next(queue: ModelQueue): ModelMessage | undefined {
    const ready = this.of(queue).filter(({ hidden }) => hidden === undefined)
    const priorities = [...new Set(ready.map(({ priority }) => priority))].sort((a, b) => b - a)
    const firsts = priorities.map((priority) =>
      this.#nextOf(
        queue,
        ready.filter((each) => each.priority === priority),
      ),
    )
    return (queue.deliveries + 1) % 10 === 0 ? firsts.sort((a, b) => a.id - b.id)[0] : firsts[0]
  }

  /** Of one priority: the lowest ticket. A message without a tenant has its own number for a ticket. */
  #nextOf(queue: ModelQueue, ready: readonly ModelMessage[]): ModelMessage {
    const ticketOf = (message: ModelMessage): readonly [number, number] => {
      const turn = message.group === undefined ? undefined : queue.turns.get(lane(message))!
      return turn === undefined ? [message.id, Number.NEGATIVE_INFINITY] : [turn.ticket, turn.served]
    }
    const order = (a: ModelMessage, b: ModelMessage): number => {
      const [left, right] = [ticketOf(a), ticketOf(b)]
      return left[0] - right[0] || Math.sign(left[1] - right[1]) || a.id - b.id
    }
    return ready.toSorted(order)[0]!
  }

  #take(message: ModelMessage, visibilityMs: number): ModelMessage {
    const { queue } = message
    message.count += 1
    message.leasedAt = this.now
    queue.deliveries += queue.fifo ? 0 : 1
    this.#hide(message, this.now + visibilityMs)
    const turn = queue.turns.get(lane(message))
    if (turn !== undefined && this.#readyIn(message).length > 0) {
      turn.ticket = this.nextId - 1
      turn.served = queue.deliveries
    }
    return message
  }

  #moveAway(message: ModelMessage): boolean {
    const { queue } = message
    if (queue.dead === undefined || message.count - message.countBefore < queue.dead.max) return false
    const target = this.find(queue.dead.target)
    if (queue.discard) this.#remove(message)
    else if (target === undefined) return false
    else {
      this.#remove(message)
      const moved = { ...message, queue: target, source: queue.name, countBefore: message.count }
      if (target.fifo) moved.sentAt = this.now
      this.messages.push(moved)
      this.#show(moved)
    }
    return true
  }

  #add(queue: ModelQueue, group: string | undefined, priority: number): ModelMessage {
    const fresh = { leasedAt: 0, count: 0, countBefore: 0, source: undefined, hidden: undefined }
    const message: ModelMessage = { id: this.nextId++, queue, group, priority, sentAt: this.now, ...fresh }
    this.messages.push(message)
    return message
  }

  #show(message: ModelMessage): void {
    const { queue } = message
    message.hidden = undefined
    if (!queue.fifo && message.group !== undefined && this.#readyIn(message).length === 1) {
      const served = queue.turns.get(lane(message))?.served ?? 0
      queue.turns.set(lane(message), { ticket: message.id, served })
    }
    this.#refresh(queue)
  }

  #hide(message: ModelMessage, untilAt: number): void {
    message.hidden = { kind: 'in flight', untilAt }
    this.#refresh(message.queue)
  }

  #remove(message: ModelMessage): void {
    this.messages = this.messages.filter((other) => other !== message)
    const { queue } = message
    const last = !this.of(queue).some((other) => lane(other) === lane(message))
    if (last) queue.turns.delete(lane(message))
    this.#refresh(queue)
  }

  #held(queue: ModelQueue, id: number): ModelMessage | undefined {
    return this.messages.find((message) => message.id === id && message.queue === queue)
  }

  #readyIn({ queue, group, priority }: ModelMessage): ModelMessage[] {
    const same = this.of(queue).filter((other) => other.group === group && other.priority === priority)
    return same.filter(({ hidden }) => hidden === undefined)
  }

  #endsAt({ hidden, queue, sentAt }: ModelMessage): number {
    return hidden?.kind === 'delayed' && queue.fifo ? sentAt + queue.delayMs : hidden!.untilAt
  }

  /** What a FIFO group delivers from, in order: what is ready or in flight. */
  #listed(queue: ModelQueue, group: string): ModelMessage[] {
    return this.of(queue).filter((message) => message.group === group && message.hidden?.kind !== 'delayed')
  }

  /** A group is in the ring exactly when its first message is ready; it joins at the end. */
  #refresh(queue: ModelQueue): void {
    if (!queue.fifo) return
    const groups = new Set(this.of(queue).map(({ group }) => group!))
    const ready = [...groups].filter((group) => {
      const first = this.#listed(queue, group)[0]
      return first !== undefined && first.hidden === undefined
    })
    queue.ring = queue.ring.filter((group) => ready.includes(group))
    queue.ring.push(...ready.filter((group) => !queue.ring.includes(group)))
  }
}

function lane({ priority, group }: ModelMessage): string {
  return `${priority}/${group}`
}
