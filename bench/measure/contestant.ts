/**
 * Something that is measured: a broker, or a limit of the machine. It is started once and asked for a round whenever
 * its turn comes, so that what else the machine does meanwhile meets all contestants alike.
 */

import { cpuSeconds } from './process-use.ts'

/** What a round asks for; see bench/client/loads.ts for the words. */
export type LoadName = 'sends' | 'lifecycles' | 'batches'

export interface Round {
  readonly operations: number
  readonly seconds: number
  /** Milliseconds of single operations, where the load is about them. */
  readonly samples?: readonly number[]
}

export interface Running extends AsyncDisposable {
  /** The broker's process; what it starts is counted with it. */
  readonly pid: number
  readonly clientPid: number
  /** For its row in the table of versions: known once it runs. */
  readonly version: string
  round(load: LoadName, ms: number): Promise<Round>
}

export interface Contestant {
  readonly name: string
  /** What is safe where when a send is answered. */
  readonly durability: string
  /** What a reader must know: where its client is what limits it, say. */
  readonly note?: string
  /** Milliseconds under load before the first round that counts: a JVM needs many. */
  readonly warmUpMs: number
  /** Throws {@link Unavailable} where it cannot be had on this machine. */
  start(): Promise<Running>
}

/** A peer that cannot be had here: the table says so, and the benchmark goes on. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable'
}

export interface Result {
  readonly name: string
  readonly version: string
  readonly durability: string
  readonly note: string | undefined
  /** Operations a second, one value a round. */
  readonly rates: readonly number[]
  /** Microseconds of the broker's CPU time for each operation, one value a round. */
  readonly costs: readonly number[]
  /** The share of a core that the broker used, one value a round: well below 1, something else was the limit. */
  readonly busy: readonly number[]
  /** The same of the client: when it is near 1, the client was the limit. */
  readonly clientBusy: readonly number[]
}

export interface Missing {
  readonly name: string
  readonly reason: string
}

export interface Comparison {
  readonly results: readonly Result[]
  readonly missing: readonly Missing[]
}

export interface Plan {
  readonly load: LoadName
  readonly rounds: number
  readonly roundMs: number
  readonly quick: boolean
}

interface Entry {
  readonly contestant: Contestant
  readonly running: Running
  readonly rates: number[]
  readonly costs: number[]
  readonly busy: number[]
  readonly clientBusy: number[]
}

/** Starts all, warms each up, and lets them take turns. Whoever cannot be started is missing from the results. */
export async function compare(contestants: readonly Contestant[], plan: Plan): Promise<Comparison> {
  await using stack = new AsyncDisposableStack()
  const entries: Entry[] = []
  const missing: Missing[] = []
  for (const contestant of contestants) {
    try {
      const running = stack.use(await contestant.start())
      entries.push({ contestant, running, rates: [], costs: [], busy: [], clientBusy: [] })
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error
      missing.push({ name: contestant.name, reason: error.message })
    }
  }
  for (const { contestant, running } of entries) {
    await running.round(plan.load, plan.quick ? contestant.warmUpMs / 4 : contestant.warmUpMs)
  }
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const entry of entries) await measure(entry, plan)
  }
  return { results: entries.map(result), missing }
}

async function measure(entry: Entry, { load, roundMs }: Plan): Promise<void> {
  const { running } = entry
  const before = used(running)
  const { operations, seconds } = await running.round(load, roundMs)
  const after = used(running)
  entry.rates.push(operations / seconds)
  entry.costs.push(((after.broker - before.broker) * 1e6) / operations)
  entry.busy.push((after.broker - before.broker) / seconds)
  entry.clientBusy.push((after.client - before.client) / seconds)
}

interface Used {
  readonly broker: number
  readonly client: number
}

/** Seconds of CPU time. */
function used({ pid, clientPid }: Running): Used {
  return { broker: cpuSeconds(pid), client: cpuSeconds(clientPid) }
}

function result({ contestant, running, rates, costs, busy, clientBusy }: Entry): Result {
  const { name, durability, note } = contestant
  return { name, version: running.version, durability, note, rates, costs, busy, clientBusy }
}
