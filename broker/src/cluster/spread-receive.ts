/**
 * Receiving from a queue of several parts: one part after the other until one has something; then, where the client
 * waits, at all of them at once. Whoever has something first wins; what another took meanwhile goes back as it was.
 */

import type { Answers, Delivered } from '../queue/command.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import { Unavailable } from '../shard/unavailable.ts'
import type { CommandOf } from './ask-shard.ts'

type Received = Answers['receive'] | Problem
type Command = CommandOf<'receive'>

export interface SpreadReceive {
  /** In the order in which they are asked. */
  readonly parts: readonly number[]
  readonly command: Command
  readonly waitSeconds: number
  readonly signal: AbortSignal | undefined
  readonly receive: (
    part: number,
    command: Command,
    signal: AbortSignal | undefined,
    repeatOnly: boolean,
  ) => Promise<Received>
  readonly undo: (messages: readonly Delivered[]) => Promise<unknown>
}

export async function receiveFromParts(the: SpreadReceive): Promise<Received> {
  if (the.command.attemptId !== undefined) {
    const repeated = await askInTurn(the, true)
    if (!isEmpty(repeated)) return repeated
  }
  const first = await askInTurn(the, false)
  if (!isEmpty(first) || the.waitSeconds === 0 || the.signal?.aborted === true) return first
  return waitAtAll(the)
}

function isEmpty(answer: Received): boolean {
  return !isProblem(answer) && answer.messages.length === 0
}

/** A part that does not answer is passed over, unless none does. */
async function askInTurn(the: SpreadReceive, repeatOnly: boolean): Promise<Received> {
  const command = { ...the.command, waitSeconds: 0 }
  let failures = 0
  for (const part of the.parts) {
    try {
      const answer = await the.receive(part, command, the.signal, repeatOnly)
      if (!isEmpty(answer)) return answer
    } catch (error) {
      failures += 1
      if (!(error instanceof Unavailable) || failures === the.parts.length) throw error
    }
  }
  return { messages: [] }
}

/** Resolves with the first answer that has something, or empty when all have waited long enough. */
async function waitAtAll(the: SpreadReceive): Promise<Received> {
  const command = { ...the.command, waitSeconds: the.waitSeconds }
  const won = new AbortController()
  const signal = the.signal === undefined ? won.signal : AbortSignal.any([the.signal, won.signal])
  let winner: Received | undefined
  const failures: unknown[] = []
  await Promise.all(
    the.parts.map(async (part) => {
      try {
        const answer = await the.receive(part, command, signal, false)
        if (isEmpty(answer)) return
        if (winner === undefined) winner = answer
        else if (!isProblem(answer)) await the.undo(answer.messages)
        won.abort()
      } catch (error) {
        failures.push(error)
      }
    }),
  )
  if (winner !== undefined) return winner
  if (failures.length === the.parts.length) throw failures[0]
  return { messages: [] }
}
