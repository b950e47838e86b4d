/**
 * What the clients of a broker that is killed again and again know for certain, and what they must then find: every
 * acknowledged send once, no acknowledged delete, groups in order, receive counts that can be.
 */

import { equal, ok } from 'node:assert/strict'

export interface SeenMessage {
  readonly MessageId: string
  readonly Body: string
  readonly ReceiptHandle: string
  readonly Attributes: { readonly ApproximateReceiveCount: string; readonly MessageGroupId?: string }
}

interface Entry {
  sent: 'acknowledged' | 'in doubt'
  deleted: 'no' | 'acknowledged' | 'in doubt'
  messageId: string | undefined
  receives: number
}

/** Bodies are `<group>-<number>`, each sent once, the numbers of a group rising. */
export class Ledger {
  readonly #entries = new Map<string, Entry>()
  readonly #delivered = new Map<string, Set<number>>()
  /** Receives whose answer never came: each may have counted for any message. */
  receivesInDoubt = 0

  sending(body: string): void {
    this.#entries.set(body, { sent: 'in doubt', deleted: 'no', messageId: undefined, receives: 0 })
  }

  sent(body: string, messageId: string): void {
    const entry = this.#entries.get(body)!
    entry.sent = 'acknowledged'
    entry.messageId ??= messageId
    equal(entry.messageId, messageId, `${body} has two ids`)
  }

  received(message: SeenMessage): void {
    const { Body: body, MessageId: messageId, Attributes } = message
    const entry = this.#entries.get(body)
    ok(entry !== undefined, `${body} was never sent`)
    ok(entry.deleted !== 'acknowledged', `${body} came back after its delete was acknowledged`)
    entry.messageId ??= messageId
    equal(entry.messageId, messageId, `${body} is there twice`)
    entry.receives += 1
    const count = Number(Attributes.ApproximateReceiveCount)
    ok(count >= entry.receives, `${body}: count ${count} after ${entry.receives} receives`)
    ok(
      count <= entry.receives + this.receivesInDoubt,
      `${body}: count ${count} after ${entry.receives} receives`,
    )
    if (Attributes.MessageGroupId !== undefined) this.#inOrder(body)
  }

  deleting(body: string): void {
    this.#entries.get(body)!.deleted = 'in doubt'
  }

  deleted(body: string): void {
    this.#entries.get(body)!.deleted = 'acknowledged'
  }

  /** `found`: the bodies of everything that is left. */
  settle(found: readonly string[]): void {
    equal(new Set(found).size, found.length, 'a message is there twice')
    const left = new Set(found)
    for (const [body, { sent, deleted }] of this.#entries) {
      if (deleted === 'acknowledged') ok(!left.has(body), `${body} came back`)
      else if (sent === 'acknowledged' && deleted === 'no') ok(left.has(body), `${body} is lost`)
    }
  }

  get summary(): string {
    const count = (run: (entry: Entry) => boolean): number => [...this.#entries.values()].filter(run).length
    const sent = count((entry) => entry.sent === 'acknowledged')
    const deleted = count((entry) => entry.deleted === 'acknowledged')
    const doubt = count((entry) => entry.sent === 'in doubt' || entry.deleted === 'in doubt')
    return `${sent} sends and ${deleted} deletes acknowledged, ${doubt} in doubt`
  }

  /** A message comes for the first time after all those of its group that were sent before it and acknowledged. */
  #inOrder(body: string): void {
    const [group, number] = [body.slice(0, body.indexOf('-')), Number(body.slice(body.indexOf('-') + 1))]
    const delivered = this.#delivered.get(group) ?? new Set()
    this.#delivered.set(group, delivered)
    if (delivered.has(number)) return
    ok(number > Math.max(-1, ...delivered), `${body} came after a later one of its group`)
    for (let earlier = 0; earlier < number; earlier += 1) {
      const sent = this.#entries.get(`${group}-${earlier}`)?.sent === 'acknowledged'
      ok(!sent || delivered.has(earlier), `${body} came before ${group}-${earlier}`)
    }
    delivered.add(number)
  }
}
