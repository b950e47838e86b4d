/** What goes wrong, and when: one mishap after the other, drawn from the seed, each ending by itself. */

import type { Operation } from '../broker/test/support/sim-disk.ts'
import type { Client } from './client.ts'
import type { Dice } from './dice.ts'
import { DIRECTORY, type Fate, type Machine } from './machine.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

const KINDS = {
  crash: 5,
  'crash at the disk': 8,
  kill: 3,
  stop: 2,
  'failing sync': 4,
  'failing sync, then a crash': 3,
  'failing disk': 3,
  'failing read': 2,
  'full disk': 3,
  rot: 3,
  'slow disk': 2,
  'clock ahead': 2,
  'clock back': 2,
  night: 9,
  'client crash': 2,
} as const
export type Mishap = keyof typeof KINDS

interface MishapParts {
  readonly machine: Machine
  readonly clients: readonly Client[]
  readonly scheduler: Scheduler
  readonly dice: Dice
  readonly trace: Trace
}

interface Rot {
  readonly path: string
  readonly offset: number
  readonly mask: number
}

const MINUTE_US = 60_000_000

export class Mishaps {
  readonly counts = new Map<string, number>()
  readonly #parts: MishapParts
  readonly #weights: Readonly<Record<Mishap, number>>
  #rotten: Rot | undefined
  #over = false
  #nightUntilUs = 0

  constructor(parts: MishapParts) {
    this.#parts = parts
    this.#weights = parts.dice.swarm<Mishap>(KINDS)
    parts.machine.onDamage = (error) => this.#isRotten(error)
  }

  begin(): void {
    this.#soon()
  }

  /** Whatever goes on ends now. */
  end(): void {
    this.#over = true
    this.#heal()
    this.#repair()
  }

  /** Never two at night: there would be nobody to notice. */
  #soon(): void {
    const { scheduler, dice } = this.#parts
    const from = Math.max(scheduler.nowUs, this.#nightUntilUs)
    scheduler.at(from + dice.between(20_000, 1_500_000), () => {
      if (this.#over) return
      this.#strike(dice.weighted(this.#weights))
      this.#soon()
    })
  }

  #strike(mishap: Mishap): void {
    const { machine, dice, trace, scheduler, clients } = this.#parts
    this.counts.set(mishap, (this.counts.get(mishap) ?? 0) + 1)
    trace.add(`${scheduler.nowUs} mishap: ${mishap}`)
    switch (mishap) {
      case 'crash':
      case 'kill':
        return machine.die(mishap)
      case 'crash at the disk':
        return this.#later(dice.between(0, 30), dice.pick(['crash before', 'crash after']))
      case 'stop':
        void machine.stop()
        return
      case 'failing sync':
        return this.#later(
          dice.between(0, 6),
          'EIO',
          ({ kind }) => kind === 'sync' || kind === 'syncDirectory',
        )
      case 'failing sync, then a crash':
        scheduler.after(dice.between(0, 100_000), () => {
          if (!this.#over) machine.die('crash')
        })
        return this.#later(0, 'EIO', ({ kind }) => kind === 'sync')
      case 'failing read':
        return this.#sometimes(0.3, ({ kind }) => kind === 'read')
      case 'failing disk':
        return this.#sometimes(0.2, () => true)
      case 'full disk':
        machine.disk.capacityBytes = machine.disk.usedBytes + dice.between(0, 20_000)
        return this.#endAfter(dice.between(100_000, 2_000_000))
      case 'rot':
        return this.#rot()
      case 'slow disk':
        machine.slowness = dice.pick([10, 100, 1000])
        return this.#endAfter(dice.between(50_000, 3_000_000))
      case 'clock ahead':
        if (machine.process !== undefined) {
          machine.process.aheadMs += dice.pick([1000, 31_000, 301_000, 3_601_000, 90_000_000])
        }
        return
      case 'clock back':
        machine.die('kill')
        machine.aheadMs -= dice.pick([1000, 60_000, 600_000, 90_000_000])
        return
      case 'night': {
        const minutes = dice.pick([1 / 6, 1, 1.1, 2, 6, 7])
        const until = scheduler.nowUs + minutes * MINUTE_US + dice.between(-500_000, 500_000)
        for (const client of clients) client.restingUntilUs = until
        this.#nightUntilUs = until - (dice.chance(0.3) ? MINUTE_US : 0)
        return
      }
      case 'client crash':
        return dice.pick(clients).crash()
    }
  }

  /** One operation of the disk, some way ahead. */
  #later(ahead: number, fate: Fate, concerns: (operation: Operation) => boolean = () => true): void {
    let left = ahead
    this.#parts.machine.fate = (operation) => {
      if (!concerns(operation) || left-- > 0) return 'well'
      this.#heal()
      return fate
    }
  }

  #sometimes(probability: number, concerns: (operation: Operation) => boolean): void {
    const { dice, machine } = this.#parts
    machine.fate = (operation) => (concerns(operation) && dice.chance(probability) ? 'EIO' : 'well')
    this.#endAfter(dice.between(5_000, 400_000))
  }

  #endAfter(us: number): void {
    this.#parts.scheduler.after(us, () => this.#heal())
  }

  #heal(): void {
    const { machine } = this.#parts
    machine.fate = () => 'well'
    machine.slowness = 1
    machine.disk.capacityBytes = Number.POSITIVE_INFINITY
  }

  /** Flips bits of a byte in a segment that is not the newest, or in what is made of one. */
  #rot(): void {
    const { machine, dice, scheduler, trace } = this.#parts
    const cold = [...filesOf(machine, '.log').slice(0, -1), ...filesOf(machine, '.heads')]
    if (this.#rotten !== undefined || cold.length === 0) return
    const path = dice.pick(cold)
    const offset = dice.between(0, machine.disk.contents(path).length - 1)
    this.#rotten = { path, offset, mask: dice.between(1, 255) }
    machine.disk.rot(path, offset, this.#rotten.mask)
    trace.add(`rot in ${path} at ${offset}`)
    // Somebody looks into it after a while and restores the file, where the broker has not dropped it.
    scheduler.after(dice.between(100_000, 2_000_000), () => this.#repair())
    if (dice.chance(0.4)) machine.die('kill')
  }

  #repair(): void {
    const rotten = this.#rotten
    if (rotten === undefined) return
    this.#rotten = undefined
    const { disk } = this.#parts.machine
    if (disk.paths().includes(rotten.path)) disk.rot(rotten.path, rotten.offset, rotten.mask)
  }

  /** A damage that is reported must be the one that was done. */
  #isRotten(error: Error): boolean {
    const file = 'file' in error ? error.file : ''
    return this.#rotten !== undefined && this.#rotten.path === file
  }
}

function filesOf({ disk }: Machine, ending: '.log' | '.heads'): readonly string[] {
  return disk.paths().filter((path) => path.startsWith(DIRECTORY) && path.endsWith(ending))
}
