/** A move task: messages of a dead-letter queue on their way back, or to a queue that was named. */

export interface MoveTask {
  readonly taskId: string
  readonly sourceQueueId: number
  readonly sourceArn: string
  /** Absent: every message to the queue that dead-lettered it. */
  readonly destination?: string
  readonly destinationArn?: string
  readonly messagesPerSecondMax?: number
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED'
  readonly failureReason?: string
  readonly startedAt: number
  readonly toMove: number
  readonly moved: number
}

/**
 * How many messages a task may have moved by `now`: without a rate any number; with one the first at once and
 * each further one when its share of a second has passed.
 */
export function movesAllowed(task: MoveTask, now: number): number {
  if (task.messagesPerSecondMax === undefined) return Number.POSITIVE_INFINITY
  return 1 + Math.floor(((now - task.startedAt) * task.messagesPerSecondMax) / 1000)
}

/** When the task may move its next message; in the past where it may do so now. */
export function nextMoveAt(task: MoveTask): number {
  if (task.messagesPerSecondMax === undefined) return task.startedAt
  return task.startedAt + Math.ceil((task.moved * 1000) / task.messagesPerSecondMax)
}

/**
 * One message more, or one that was moved is back. The task is asked for by name and not by the message, whose record
 * may be trimmed when this is replayed.
 */
export function countMoves(moving: Iterable<{ moveTasks: MoveTask[] }>, taskId: string, moves: 1 | -1): void {
  for (const { moveTasks } of moving) {
    const task = moveTasks.at(-1)!
    if (task.taskId === taskId) moveTasks[moveTasks.length - 1] = { ...task, moved: task.moved + moves }
  }
}
