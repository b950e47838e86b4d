/**
 * From an event to the next state: the only way that anything changes, at run time and at recovery alike. Nothing
 * is decided here. An event about a message that is not known is about one that was trimmed, and means nothing.
 */

import { evolveArrivalsKnown, evolveArrivalsTold, evolveArrived } from './arrivals.ts'
import { evolveDeleted } from './delete.ts'
import { evolveDeparted, evolveDeparting, evolveReturned } from './departures.ts'
import type { Event } from './event.ts'
import { evolveQueueDefined, evolveQueueDeleted } from './queues.ts'
import { evolveDeadLettered, evolveLeaseRenewed, evolveReceived, evolveReceiveUndone } from './receive.ts'
import { evolveMoveTaskChanged, evolveRedriven } from './redrive.ts'
import { evolveOpened, evolveRelocated } from './relocate.ts'
import { evolveExpired, evolveQueuePurged } from './retention.ts'
import { evolveSent } from './send.ts'
import { evolveFed, evolveFedTo } from './source.ts'
import type { State } from './state.ts'
import { evolveVisibilityChanged } from './visibility.ts'

/** `position` and `length` are those of the event's record in the log. */
export function evolve(state: State, event: Event, position: number, length: number): void {
  if (event.at > state.now) state.now = event.at
  switch (event.kind) {
    case 'opened':
      return evolveOpened(state, event)
    case 'queueDefined':
      return evolveQueueDefined(state, event, length)
    case 'queueDeleted':
      return evolveQueueDeleted(state, event)
    case 'queuePurged':
      return evolveQueuePurged(state, event)
    case 'sent':
      return evolveSent(state, event, position, length)
    case 'received':
      return evolveReceived(state, event)
    case 'receiveUndone':
      return evolveReceiveUndone(state, event)
    case 'deleted':
    case 'discarded':
      return evolveDeleted(state, event)
    case 'visibilityChanged':
      return evolveVisibilityChanged(state, event)
    case 'leaseRenewed':
      return evolveLeaseRenewed(state, event)
    case 'deadLettered':
      return evolveDeadLettered(state, event)
    case 'expired':
      return evolveExpired(state, event)
    case 'moveTaskChanged':
      return evolveMoveTaskChanged(state, event)
    case 'redriven':
      return evolveRedriven(state, event, position, length)
    case 'relocated':
      return evolveRelocated(state, event, position, length)
    case 'departing':
      return evolveDeparting(state, event)
    case 'departed':
      return evolveDeparted(state, event)
    case 'returned':
      return evolveReturned(state, event)
    case 'arrived':
      return evolveArrived(state, event, position, length)
    case 'arrivalsKnown':
      return evolveArrivalsKnown(state, event)
    case 'arrivalsTold':
      return evolveArrivalsTold(state, event)
    case 'fed':
      return evolveFed(state, event, position, length)
    case 'fedTo':
      return evolveFedTo(state, event)
  }
}
