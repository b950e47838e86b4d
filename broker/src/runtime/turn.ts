/** The door to the event loop: work that waits until everything that arrived in this turn has been handled. */

export type EndOfTurn = (run: () => void) => void

/** Runs once this turn's sockets and timers have been served, so that one flush carries what they brought. */
export const endOfTurn: EndOfTurn = (run) => {
  setImmediate(run)
}
