/**
 * What was found. Checks run in the middle of the broker's own work, where an exception would be taken for a failure
 * of the broker: so a violation is noted here, and the run ends after the step.
 */

export class Verdict {
  /** The first thing that must never happen and did. */
  violation: string | undefined

  hold(holds: boolean, what: () => string): void {
    if (!holds) this.violation ??= what()
  }
}
