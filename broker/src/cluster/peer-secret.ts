/**
 * Brokers show each other that they know the cluster's secret before anything else is said. Each gives a random
 * challenge and gets the HMAC of it; the role is part of it, so that nobody can be made to answer his own challenge.
 * It keeps strangers out; it hides nothing. Between machines of different owners this needs a network of its own.
 */

import { createHmac, timingSafeEqual } from 'node:crypto'

export const CHALLENGE_BYTES = 32
const FORM = /^[0-9a-f]{64}$/

export type Role = 'client' | 'server'

export function proofOf(secret: string, role: Role, challenge: string): string {
  return createHmac('sha256', secret).update(`pabal peer 1 ${role} ${challenge}`).digest('hex')
}

export function isProof(given: unknown, secret: string, role: Role, challenge: string): boolean {
  if (typeof given !== 'string' || !FORM.test(given)) return false
  return timingSafeEqual(Buffer.from(given, 'hex'), Buffer.from(proofOf(secret, role, challenge), 'hex'))
}
