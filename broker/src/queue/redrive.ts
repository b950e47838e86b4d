/**
 * Move tasks: dead letters on their way back. A task moves one message after the other, each in one event: sent
 * anew in the target and gone from the source, so that a crash can neither lose nor double it.
 */

import type { CancelMoveTaskCommand, MoveTaskDescription, StartMoveTaskCommand } from './command.ts'
import type { Emit } from './decide.ts'
import { decideDeparting } from './departures.ts'
import type { MoveTaskChanged, Redriven } from './event.ts'
import type { StoredMessage } from './event-codec.ts'
import {
  DEPARTURES_PER_TASK_MAX,
  DEPARTURES_WAIT_MS,
  MOVE_TASK_MS_MAX,
  MOVE_TASKS_ACTIVE_MAX,
  MOVE_TASKS_KEPT,
} from './limits.ts'
import { LENGTH, POSITION, READY, SEQ, SOURCE } from './message-table.ts'
import { countMoves, type MoveTask, movesAllowed, nextMoveAt } from './move-task.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { findTarget } from './queues.ts'
import type { State } from './state.ts'

export function decideStartMoveTask(
  state: State,
  source: Queue,
  command: StartMoveTaskCommand,
  now: number,
  emit: Emit,
): { readonly taskId: string } | Problem {
  const isDeadLetterQueue = [...state.queues.values()].some(
    (queue) => queue.settings.redrive?.target === source.name,
  )
  if (!isDeadLetterQueue && command.hasSourcesElsewhere !== true) {
    return {
      problem: 'InvalidParameterValue',
      text: 'Source queue must be configured as a Dead Letter Queue.',
    }
  }
  if (source.fifo && (source.definition.partsMax ?? 1) > 1) {
    return {
      problem: 'UnsupportedOperation',
      text: 'A FIFO queue that is spread over several shards cannot be the source of a move task.',
    }
  }
  if (runningTask(source) !== undefined) {
    return {
      problem: 'UnsupportedOperation',
      text: 'There is already a task running. Only one active task is allowed for a source queue arn at a given time.',
    }
  }
  if (state.moving.size >= MOVE_TASKS_ACTIVE_MAX) {
    return {
      problem: 'OverLimit',
      text: `Too many active move tasks: the limit is ${MOVE_TASKS_ACTIVE_MAX}.`,
    }
  }
  const problem = checkDestination(state, source, command)
  if (problem !== undefined) return problem
  const { taskId, sourceArn, destination, destinationArn, messagesPerSecondMax } = command
  const task: MoveTask = {
    taskId,
    sourceQueueId: source.id,
    sourceArn,
    ...(destination === undefined ? {} : { destination }),
    ...(destinationArn === undefined ? {} : { destinationArn }),
    ...(messagesPerSecondMax === undefined ? {} : { messagesPerSecondMax }),
    status: 'RUNNING',
    startedAt: now,
    toMove: source.visible,
    moved: 0,
  }
  emit({ kind: 'moveTaskChanged', at: now, task })
  return { taskId }
}

function checkDestination(
  state: State,
  source: Queue,
  { destination, elsewhere }: StartMoveTaskCommand,
): Problem | undefined {
  if (destination === undefined) return undefined
  const target = findTarget(state, destination, elsewhere)
  if (target === undefined) {
    return {
      problem: 'ResourceNotFound',
      text: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    }
  }
  if (target.fifo === source.fifo && target.name !== source.name) return undefined
  const text =
    target.name === source.name
      ? 'Source queue and destination queue cannot be the same.'
      : 'Source queue and destination queue must be of the same type.'
  return { problem: 'InvalidParameterValue', text }
}

export function decideCancelMoveTask(
  source: Queue,
  command: CancelMoveTaskCommand,
  now: number,
  emit: Emit,
): { readonly moved: number } | Problem {
  const task = source.moveTasks.find(({ taskId }) => taskId === command.taskId)
  if (task === undefined) return { problem: 'ResourceNotFound', text: 'Task does not exist.' }
  if (task.status !== 'RUNNING') {
    return { problem: 'UnsupportedOperation', text: 'Only active tasks can be cancelled.' }
  }
  emit({ kind: 'moveTaskChanged', at: now, task: { ...task, status: 'CANCELLED' } })
  return { moved: task.moved }
}

export function listMoveTasks(
  source: Queue,
  limit: number,
): { readonly tasks: readonly MoveTaskDescription[] } {
  const newestFirst = source.moveTasks.slice().reverse()
  return {
    tasks: newestFirst.slice(0, limit).map((task) => ({
      taskId: task.taskId,
      status: task.status,
      sourceArn: task.sourceArn,
      destinationArn: task.destinationArn,
      messagesPerSecondMax: task.messagesPerSecondMax,
      moved: task.moved,
      toMove: task.toMove,
      failureReason: task.failureReason,
      startedAt: task.startedAt,
    })),
  }
}

/** What a queue's running task does next: move the message at `position`, wait until `at`, or it is over. */
export type NextMove =
  | { readonly kind: 'move'; readonly seq: number; readonly position: number; readonly length: number }
  | { readonly kind: 'wait'; readonly at: number }
  | { readonly kind: 'over'; readonly status: 'COMPLETED' | 'FAILED'; readonly failureReason?: string }
  | { readonly kind: 'idle' }

export function nextMove(state: State, source: Queue, now: number): NextMove {
  const task = runningTask(source)
  // A deleted queue has no tasks any more, and nothing is to be said of them.
  if (task === undefined || state.queues.get(source.id) !== source) return { kind: 'idle' }
  if (now - task.startedAt > MOVE_TASK_MS_MAX) return failed('The task ran for longer than 36 hours.')
  const slot = task.moved >= task.toMove ? 0 : firstReady(source)
  // What is on its way to another shard may come back.
  if (slot === 0 && state.departures.redrivenFrom(source.id) > 0) return { kind: 'idle' }
  if (slot === 0) return { kind: 'over', status: 'COMPLETED' }
  if (task.moved >= movesAllowed(task, now)) return { kind: 'wait', at: nextMoveAt(task) }
  const target = targetOf(state, source, task, slot)
  if (typeof target === 'string') return failed(target)
  if ('elsewhere' in target && state.departures.waitingFor(target.elsewhere) >= DEPARTURES_PER_TASK_MAX) {
    return { kind: 'wait', at: now + DEPARTURES_WAIT_MS }
  }
  const { messages } = state
  return {
    kind: 'move',
    seq: messages.number(slot, SEQ),
    position: messages.number(slot, POSITION),
    length: messages.int(slot, LENGTH),
  }
}

function failed(failureReason: string): NextMove {
  return { kind: 'over', status: 'FAILED', failureReason }
}

function firstReady(source: Queue): number {
  return source.lanes !== undefined ? source.lanes.next() : (source.groups!.first()?.head ?? 0)
}

/** The queue that a message goes to, the name of one on another shard, or the reason why there is none. */
function targetOf(
  state: State,
  source: Queue,
  task: MoveTask,
  slot: number,
): Queue | { elsewhere: string } | string {
  const name = task.destination ?? state.sources.get(state.messages.other(slot, SOURCE))
  if (name === undefined) return 'CouldNotDetermineMessageSource'
  if (state.elsewhere?.(name, source.name) === true) return { elsewhere: name }
  return state.queuesByName.get(name) ?? 'AWS.SimpleQueueService.NonExistentQueue'
}

/** Carries out a `move` of {@link nextMove}, whose message has been read meanwhile; nothing where things changed. */
export function decideMove(
  state: State,
  source: Queue,
  seq: number,
  message: StoredMessage,
  now: number,
  emit: Emit,
): void {
  const task = runningTask(source)
  const slot = state.index.get(seq)
  if (
    task === undefined ||
    slot === 0 ||
    state.queueOf(slot) !== source ||
    state.messages.phase(slot) !== READY
  )
    return
  const target = targetOf(state, source, task, slot)
  if (typeof target === 'string') return
  if ('elsewhere' in target) {
    return decideDeparting(state, source, slot, target.elsewhere, task.taskId, now, emit)
  }
  emit({
    kind: 'redriven',
    at: now,
    seq: state.nextSeq,
    queueId: target.id,
    oldSeq: seq,
    taskId: task.taskId,
    ...message,
  })
}

export function decideTaskOver(
  source: Queue,
  status: 'COMPLETED' | 'FAILED',
  failureReason: string | undefined,
  now: number,
  emit: Emit,
): void {
  const task = runningTask(source)
  if (task === undefined) return
  const reason = failureReason === undefined ? {} : { failureReason }
  emit({ kind: 'moveTaskChanged', at: now, task: { ...task, status, ...reason } })
}

function runningTask(source: Queue): MoveTask | undefined {
  const newest = source.moveTasks.at(-1)
  return newest?.status === 'RUNNING' ? newest : undefined
}

export function evolveMoveTaskChanged(state: State, event: MoveTaskChanged): void {
  const { task } = event
  const source = state.queues.get(task.sourceQueueId)
  if (source === undefined) return
  const others = source.moveTasks.filter(({ taskId }) => taskId !== task.taskId)
  source.moveTasks = [...others, task].slice(-MOVE_TASKS_KEPT)
  if (task.status === 'RUNNING') state.moving.add(source)
  else state.moving.delete(source)
}

export function evolveRedriven(state: State, event: Redriven, position: number, length: number): void {
  const old = state.index.get(event.oldSeq)
  countMoves(state.moving, event.taskId, 1)
  if (old !== 0) state.remove(old)
  if (state.nextSeq <= event.seq) state.nextSeq = event.seq + 1
  const target = state.queues.get(event.queueId)
  if (target === undefined) return
  const slot = state.create(event.seq, event.priority, event.at, position, length)
  state.enter(target, slot, event.group)
  state.beginReady(target, slot)
}
