import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ledger, type Line } from './ledger.ts'

const VISIBILITY_MS = 2000

/** A ledger with messages 1, 2, … acknowledged in one group, or in none. */
function sent(count: number, group?: string): { ledger: Ledger; lines: Line[] } {
  const ledger = new Ledger()
  const lines = Array.from({ length: count }, (_, index) => {
    const id = `m${index + 1}`
    const line = ledger.attempt({ id, body: `${id}|`, queue: 'q', group, number: index + 1, delayedUntil: 0 })
    ledger.acknowledge(line, `id-${id}`)
    return line
  })
  return { ledger, lines }
}

function receive(ledger: Ledger, ids: readonly string[], from: number, to: number): void {
  const got = ids.map((id) => ({ body: `${id}|`, messageId: `id-${id}` }))
  ledger.receive('q', got, { from, to }, VISIBILITY_MS)
}

function remove(ledger: Ledger, line: Line, at: number): void {
  ledger.askDelete(line)
  ledger.acknowledgeDelete(line, line.received!, at)
}

describe('the ledger of the crash lab finds', () => {
  test('an acknowledged message that is not there', () => {
    const { ledger } = sent(1)
    ledger.emptied('q')
    assert.match(ledger.violations[0]!, /m1 .* is lost/)
  })

  test('a count that is too small or too large', () => {
    const { ledger } = sent(2)
    ledger.checkCount('q', 2)
    assert.deepEqual(ledger.violations, [])
    ledger.checkCount('q', 1)
    ledger.checkCount('q', 3)
    assert.equal(ledger.violations.length, 2)
  })

  test('a deleted message that comes back', () => {
    const { ledger, lines } = sent(1)
    receive(ledger, ['m1'], 10, 20)
    remove(ledger, lines[0]!, 30)
    receive(ledger, ['m1'], 5000, 5010)
    assert.match(ledger.violations[0]!, /was deleted and is back/)
  })

  test('a message delivered to two at the same time', () => {
    const { ledger } = sent(1)
    receive(ledger, ['m1'], 10, 20)
    receive(ledger, ['m1'], 1000, 1010)
    assert.match(ledger.violations[0]!, /to two at the same time/)
  })

  test('a message that is there under two ids', () => {
    const { ledger } = sent(1)
    ledger.receive('q', [{ body: 'm1|', messageId: 'another' }], { from: 10, to: 20 }, VISIBILITY_MS)
    assert.match(ledger.violations[0]!, /is there twice/)
  })

  test('a message of a group that overtakes one before it', () => {
    const { ledger } = sent(2, 'g')
    receive(ledger, ['m2'], 10, 20)
    assert.match(ledger.violations[0]!, /m2 .* came before m1/)
  })

  test('a body that nobody sent', () => {
    const { ledger } = sent(1)
    receive(ledger, ['m9'], 10, 20)
    assert.match(ledger.violations[0]!, /nobody sent/)
  })
})

describe('the ledger of the crash lab allows', () => {
  test('an unanswered send to be there or not', () => {
    const ledger = new Ledger()
    ledger.attempt({ id: 'm1', body: 'm1|', queue: 'q', group: undefined, number: 0, delayedUntil: 0 })
    ledger.checkCount('q', 0)
    ledger.checkCount('q', 1)
    ledger.emptied('q')
    assert.deepEqual(ledger.violations, [])
  })

  test('an unanswered delete to have happened or not', () => {
    const { ledger, lines } = sent(1)
    receive(ledger, ['m1'], 10, 20)
    ledger.askDelete(lines[0]!)
    ledger.checkCount('q', 0)
    receive(ledger, ['m1'], 5000, 5010)
    assert.deepEqual(ledger.violations, [])
  })

  test('a second delivery when the lease is over', () => {
    const { ledger } = sent(1)
    receive(ledger, ['m1'], 10, 20)
    receive(ledger, ['m1'], 2005, 2011)
    assert.deepEqual(ledger.violations, [])
  })

  test('a whole group in one answer', () => {
    const { ledger } = sent(3, 'g')
    receive(ledger, ['m1', 'm2', 'm3'], 10, 20)
    assert.deepEqual(ledger.violations, [])
  })
})
