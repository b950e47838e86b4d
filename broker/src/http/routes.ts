/**
 * What is where on the port: `/health`, `/pabal/clock`, and SQS at every other path, because a queue's URL may
 * have any.
 */

import type { Clock } from '../runtime/clock.ts'
import { durationMs } from '../runtime/duration.ts'
import type { ManualClock } from '../runtime/manual-clock.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from './exchange.ts'

export interface Routes {
  readonly sqs: HttpHandler
  /** Whether requests can be served right now. */
  readonly healthy: () => boolean
  readonly clock: Clock
  /** Only with `--test-clock`; the same as `clock`. */
  readonly testClock?: ManualClock | undefined
}

export function router(routes: Routes): HttpHandler {
  return (request) => {
    const { target } = request
    // Nearly every request goes to "/".
    if (target.length === 1) return routes.sqs(request)
    if (target === '/health' || target.startsWith('/health?')) return health(routes, request)
    if (target === '/pabal/clock' || target.startsWith('/pabal/clock?')) return clock(routes, request)
    return routes.sqs(request)
  }
}

function health({ healthy }: Routes, { method }: HttpRequest): HttpResponse {
  if (method !== 'GET' && method !== 'HEAD') return json(405, { message: 'Ask for the health with GET.' })
  return healthy() ? json(200, { status: 'ok' }) : json(503, { status: 'unavailable' })
}

/** GET tells the time, `POST …?advance=31s` moves it: `{"now": <milliseconds since 1970>}` is the answer to both. */
async function clock({ clock, testClock }: Routes, { method, target }: HttpRequest): Promise<HttpResponse> {
  if (method === 'GET') return json(200, { now: clock.now() })
  if (method !== 'POST') return json(405, { message: 'Read the clock with GET, move it with POST.' })
  if (testClock === undefined) {
    return json(403, { message: 'The clock can be moved only when Pabal runs with --test-clock.' })
  }
  const query = target.split('?')[1] ?? ''
  const advance = new URLSearchParams(query).get('advance') ?? ''
  if (durationMs(advance) === undefined) {
    return json(400, { message: 'Say how far: /pabal/clock?advance=31s, or 5m, 1h30m, 250ms, 2d.' })
  }
  await testClock.advance(advance)
  return json(200, { now: clock.now() })
}

function json(status: number, value: object): HttpResponse {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` }
}
