/**
 * Long polls in virtual time. A poll is *under way* when the server has read it; only then may the clock move, or
 * the poll would begin later than the test thinks. What can be seen from outside: the request has left this
 * process, and requests sent after it have been answered.
 */

import { subscribe } from 'node:diagnostics_channel'

export interface Poll<T> {
  /** The answer is here. Ask only after the clock has moved and the server has been heard since. */
  isAnswered(): boolean
  readonly answer: Promise<T>
}

/** Requests that have left this process, whichever client sent them. */
let requestsSent = 0
let onSent: (() => void) | undefined
subscribe('http.client.request.start', () => {
  requestsSent += 1
  onSent?.()
})

/** `hear` makes a round trip to the server: twice, and everything that was sent before has been read and begun. */
export async function beginPoll<T>(call: () => Promise<T>, hear: () => Promise<unknown>): Promise<Poll<T>> {
  const before = requestsSent
  const sent = new Promise<void>((resolve) => {
    onSent = () => requestsSent > before && resolve()
  })
  let isAnswered = false
  const answer = call().finally(() => {
    isAnswered = true
  })
  answer.catch(() => {}) // Whoever awaits `answer` sees the failure; until then it is not an unhandled one.
  await sent
  await hear()
  await hear()
  return { isAnswered: () => isAnswered, answer }
}
