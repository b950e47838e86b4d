/** How Kafka is to know us and we it, as the client library takes it: TLS, and a name with a secret (SASL). */

export const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const
export type SaslMechanism = (typeof SASL_MECHANISMS)[number]

export interface Tls {
  /** Whom to trust instead of the well-known authorities, and who we are; PEM. */
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
}

export interface Sasl {
  readonly mechanism: SaslMechanism
  readonly username: string
  readonly password: string
}

export interface Security {
  readonly tls?: Tls
  readonly sasl?: Sasl
}
