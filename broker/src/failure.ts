/**
 * Why the program does not start, or not go on, in one sentence for whoever started it. Anything else that is
 * thrown is our own mistake.
 */

/** As in sysexits.h, where there is a number that fits. */
export const EXIT = { failed: 1, usage: 64, configuration: 78 } as const

export class Failure extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Failure'
    this.exitCode = exitCode
  }
}
