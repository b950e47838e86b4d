/**
 * A request that is not answered by a handler: the status, and one sentence that says what was wrong with it.
 * After a refusal the connection is closed, because where the next request would begin is no longer certain.
 */

export class Refusal {
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string) {
    this.status = status
    this.reason = reason
  }
}

export function badRequest(reason: string): Refusal {
  return new Refusal(400, reason)
}
