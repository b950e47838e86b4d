/**
 * Who is asking, read from the request's signature. Any credentials are accepted for now; this is the place
 * through which every request passes, so a check will fit here.
 */

export interface Caller {
  /** Undefined for an unsigned request. */
  readonly accessKeyId: string | undefined
  /** From the signature's credential scope, else the configured region. */
  readonly region: string
  /** The configured account, twelve digits. */
  readonly account: string
}
