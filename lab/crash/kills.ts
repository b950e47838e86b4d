/**
 * Kills the broker at random moments under load, starts it again, and looks: every message that was acknowledged is
 * there, once; what was deleted stays deleted; a lease and a group's order outlive the crash. Some kills come while
 * it starts. The moments are drawn from a seed; what the machine makes of them is not, so a seed is no replay.
 */

import type { Dice } from '../../sim/dice.ts'
import { BrokerProcess } from './broker-process.ts'
import { Clients, Round, sqsClient } from './clients.ts'
import { Ledger } from './ledger.ts'

const LIFE_MS = [5, 400] as const
const BIRTH_MS = [1, 250] as const
const KILLED_AT_BIRTH = 0.15
/** After so many kills, every message is taken out and compared. */
const DRAIN_EVERY = 10

export interface Kills {
  readonly kills: number
  readonly directory: string
  readonly dice: Dice
  readonly progress: (line: string) => void
}

export interface KillReport {
  readonly kills: number
  readonly killedStarting: number
  readonly drains: number
  readonly startMs: readonly number[]
  readonly ledger: Ledger
}

export async function kill(options: Kills): Promise<KillReport> {
  const { dice, directory } = options
  const ledger = new Ledger()
  const clients = new Clients(ledger, dice.fork('clients'))
  const startMs: number[] = []
  let port = 0
  let killed = 0
  let killedStarting = 0
  let drains = 0

  /** The queues are as they must be; every few kills also each message in them. */
  const examine = async (broker: BrokerProcess): Promise<string> => {
    const url = await broker.listening
    startMs.push(broker.startMs)
    const client = sqsClient(url)
    if (port === 0) await clients.createQueues(client)
    port = Number(new URL(url).port)
    await clients.checkCounts(client)
    if (killed >= (drains + 1) * DRAIN_EVERY || killed >= options.kills) {
      await clients.drain(client)
      drains += 1
      options.progress(line(killed, ledger))
    }
    client.destroy()
    return url
  }

  for (;;) {
    await using broker = new BrokerProcess({ directory, port })
    if (port !== 0 && killed < options.kills && dice.chance(KILLED_AT_BIRTH)) {
      await pause(dice.between(...BIRTH_MS))
      killedStarting += 1
    } else {
      const round = new Round(await examine(broker))
      if (killed >= options.kills || ledger.violations.length > 0) break
      const working = clients.work(round)
      await pause(dice.between(...LIFE_MS))
      round.end()
      await broker.kill()
      await working
      round.client.destroy()
    }
    killed += 1
  }
  return { kills: killed, killedStarting, drains, startMs, ledger }
}

function line(killed: number, { counts, violations }: Ledger): string {
  const { acknowledged, deleted, received } = counts
  return `${killed} kills: ${acknowledged} acknowledged, ${received} received, ${deleted} deleted, ${violations.length} violations`
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
