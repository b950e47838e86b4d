/**
 * From a command to events and an answer. Pure: nothing is awaited, no clock is read, and a client's mistake is a
 * value. Events are not returned in a list but emitted one by one, because each takes effect before the next is
 * decided: so the second entry of a batch is recognised as a duplicate of the first without a special case.
 */

import { decideArrive } from './arrivals.ts'
import { noRoomForDefinition } from './capacity.ts'
import type { Answers, Command } from './command.ts'
import { decideDelete } from './delete.ts'
import type { Event } from './event.ts'
import { decideAddPermission, decideRemovePermission } from './permissions.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import {
  decideCreateQueue,
  decidePurgeQueue,
  decideSetAttributes,
  describeQueue,
  listDeadLetterSources,
  listQueues,
} from './queues.ts'
import { decideReceive, decideUndoReceive, type ReceiveDecision } from './receive.ts'
import { decideCancelMoveTask, decideStartMoveTask, listMoveTasks } from './redrive.ts'
import { decideExpire } from './retention.ts'
import { decideSend } from './send.ts'
import { decideAdoptQueue } from './spread.ts'
import type { State } from './state.ts'
import { decideTagQueue, decideUntagQueue } from './tags.ts'
import { decideChangeVisibility } from './visibility.ts'

/** Takes an event: the state has evolved by it when this returns. */
export type Emit = (event: Event) => void

/** Choices of the operator that change what is decided, never what an event means. */
export interface DecideOptions {
  /** SQS's two 60-second waits: a second purge, and the name of a deleted queue used again. */
  readonly awsWaits: boolean
}

/** As {@link Answers}, but a receive's messages have yet to be read from the log. */
export type Decision = Exclude<Answers[keyof Answers], Answers['receive']> | ReceiveDecision | Problem

const DONE = Object.freeze({})
const MISSING: Problem = Object.freeze({ problem: 'QueueDoesNotExist' })

/** `state.advance(now)` must have been called. */
export function decide(
  state: State,
  command: Command,
  now: number,
  options: DecideOptions,
  emit: Emit,
): Decision {
  switch (command.kind) {
    case 'createQueue':
      return decideCreateQueue(state, command, now, options.awsWaits, emit)
    case 'listQueues':
      return listQueues(state, command)
    case 'adoptQueue':
      decideAdoptQueue(state, command, now, emit)
      return DONE
    case 'startMoveTask':
    case 'cancelMoveTask':
    case 'listMoveTasks':
      return decideMoveTask(state, command, now, emit)
    default: {
      const queue = state.queuesByName.get(command.queue)
      if (queue === undefined) return decideWithoutQueue(state, command, now, emit)
      decideExpire(state, queue, now, emit)
      return decideOnQueue(state, queue, command, now, options, emit)
    }
  }
}

function decideWithoutQueue(
  state: State,
  command: Extract<Command, { queue: string }>,
  now: number,
  emit: Emit,
): Decision {
  if (command.kind === 'arrive') return decideArrive(state, undefined, command, now, emit)
  if (command.kind === 'listDeadLetterSources' && command.isElsewhere === true)
    return listDeadLetterSources(state, command)
  return MISSING
}

type MoveTaskCommand = Extract<Command, { source: string }>

function decideMoveTask(state: State, command: MoveTaskCommand, now: number, emit: Emit): Decision {
  const source = state.queuesByName.get(command.source)
  if (source === undefined) {
    return {
      problem: 'ResourceNotFound',
      text: "The resource that you specified for the SourceArn parameter doesn't exist.",
    }
  }
  decideExpire(state, source, now, emit)
  if (command.kind === 'listMoveTasks') return listMoveTasks(source, command.limit)
  if (command.kind === 'cancelMoveTask') return decideCancelMoveTask(source, command, now, emit)
  return decideStartMoveTask(state, source, command, now, emit)
}

function decideOnQueue(
  state: State,
  queue: Queue,
  command: Extract<Command, { queue: string }>,
  now: number,
  options: DecideOptions,
  emit: Emit,
): Decision {
  switch (command.kind) {
    case 'send':
      return decideSend(state, queue, command, now, emit)
    case 'receive':
      return decideReceive(state, queue, command, now, emit)
    case 'delete':
      return { results: command.receipts.map((receipt) => decideDelete(state, queue, receipt, now, emit)) }
    case 'changeVisibility':
      return {
        results: command.entries.map(({ receipt, visibilitySeconds }) =>
          decideChangeVisibility(state, queue, receipt, visibilitySeconds, now, emit),
        ),
      }
    case 'undoReceive':
      decideUndoReceive(state, queue, command, now, emit)
      return DONE
    case 'setAttributes':
      return noRoomForDefinition(state) ?? decideSetAttributes(state, queue, command, now, emit) ?? DONE
    case 'deleteQueue':
      emit({ kind: 'queueDeleted', at: now, queueId: queue.id })
      return DONE
    case 'purgeQueue':
      return decidePurgeQueue(queue, now, options.awsWaits, emit) ?? DONE
    case 'describeQueue':
      return describeQueue(queue)
    case 'listDeadLetterSources':
      return listDeadLetterSources(state, command)
    case 'tagQueue':
      return noRoomForDefinition(state) ?? decideTagQueue(state, queue, command, now, emit) ?? DONE
    case 'untagQueue':
      return decideUntagQueue(queue, command.keys, now, emit) ?? DONE
    case 'addPermission':
      return noRoomForDefinition(state) ?? decideAddPermission(queue, command, now, emit) ?? DONE
    case 'removePermission':
      return decideRemovePermission(queue, command.label, now, emit) ?? DONE
    case 'readDefinition':
      return { definition: queue.definition }
    case 'arrive':
      return decideArrive(state, queue, command, now, emit)
  }
}
