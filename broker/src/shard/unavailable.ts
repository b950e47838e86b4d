/**
 * The outcome of a command is not known, or it was not tried: storage failed, is full, or the broker is closing.
 * SDKs try again by themselves. `message` is for the client and for the log; `cause` is for the log alone.
 */
export class Unavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'Unavailable'
  }
}
