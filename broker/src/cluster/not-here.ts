/** The shard is not here, or not yet, or no longer: nothing was done, and whoever asked may ask where it is now. */
export class NotHere extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'NotHere'
  }
}
