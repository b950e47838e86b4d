/** What is compressed here becomes larger than is allowed. */
export class UnpacksTooFar extends Error {
  constructor(bytesMax: number) {
    super(`it unpacks to more than ${bytesMax} bytes`)
    this.name = 'UnpacksTooFar'
  }
}
