/** Holds processes to a part of a core each, by control groups of the system (version 1 or 2). */

import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'

const PERIOD_US = 10_000
const VERSION_1 = '/sys/fs/cgroup/cpu'
const VERSION_2 = '/sys/fs/cgroup'

export class CpuShare {
  readonly #quotaUs: number
  readonly #root: string

  /** Throws where the system has no such groups. */
  constructor(percent: number) {
    this.#quotaUs = (percent * PERIOD_US) / 100
    this.#root = existsSync(`${VERSION_1}/cgroup.procs`) ? VERSION_1 : VERSION_2
    if (!existsSync(`${this.#root}/cgroup.procs`)) throw new Error('this system has no control groups')
  }

  /** Gives them the whole machine again when `run` is over. */
  async during<Result>(
    processes: readonly { readonly pid: number }[],
    run: () => Promise<Result>,
  ): Promise<Result> {
    for (const { pid } of processes) this.#hold(pid)
    try {
      return await run()
    } finally {
      for (const { pid } of processes) this.#free(pid)
    }
  }

  #hold(pid: number): void {
    const group = this.#groupOf(pid)
    mkdirSync(group)
    if (this.#root === VERSION_2) {
      writeFileSync(`${group}/cpu.max`, `${this.#quotaUs} ${PERIOD_US}`)
    } else {
      writeFileSync(`${group}/cpu.cfs_period_us`, String(PERIOD_US))
      writeFileSync(`${group}/cpu.cfs_quota_us`, String(this.#quotaUs))
    }
    writeFileSync(`${group}/cgroup.procs`, String(pid))
  }

  #free(pid: number): void {
    writeFileSync(`${this.#root}/cgroup.procs`, String(pid))
    rmdirSync(this.#groupOf(pid))
  }

  #groupOf(pid: number): string {
    return `${this.#root}/pabal-bench-${pid}`
  }
}
