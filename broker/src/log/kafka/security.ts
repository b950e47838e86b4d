/** How Kafka is to know us and we it, as the client library takes it: TLS, and a name with a secret (SASL). */

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const

export interface Tls {
  /** Whom to trust instead of the well-known authorities, and who we are; PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface Sasl {
  readonly mechanism: (typeof SASL_MECHANISMS)[number]
  readonly username?: string
  readonly password?: string
  /** For OAUTHBEARER; asked for at every connect. */
  readonly token?: string | (() => string | Promise<string>)
}

export interface Security {
  readonly tls?: Tls
  readonly sasl?: Sasl
}
