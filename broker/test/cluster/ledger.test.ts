/** The checker of the fault runs is not blind. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Ledger } from './ledger.ts'

const LEASE_MS = 12_000

function newLedger(): Ledger {
  return new Ledger(LEASE_MS)
}

function sent(...bodies: readonly string[]): Ledger {
  const ledger = newLedger()
  for (const body of bodies) {
    ledger.sending('q', body, 'g')
    ledger.sent('q', body)
  }
  return ledger
}

test('a history without a fault has no violation', () => {
  const ledger = sent('1', '2')
  for (const body of ['1', '2']) {
    ledger.received('q', [body], 0, 0)
    ledger.deleting('q', body)
    ledger.deleted('q', body, 10)
  }
  deepEqual(ledger.violations(), [])
})

test('what was acknowledged and never came is lost', () => {
  deepEqual(sent('1').violations(), ['1 was lost'])
})

test('what was not acknowledged may come or not', () => {
  const ledger = newLedger()
  ledger.sending('q', '1')
  ledger.sending('q', '2')
  ledger.received('q', ['2'], 0, 0)
  deepEqual(ledger.violations(), [])
})

test('what comes after its deletion was doubled, or its deletion was lost', () => {
  const ledger = sent('1')
  ledger.received('q', ['1'], 0, 0)
  ledger.deleted('q', '1', 10)
  ledger.received('q', ['1'], 20, 20)
  deepEqual(ledger.violations(), ['q: 1 came again after it was deleted'])
})

test('a delete that came when the lease was over says nothing', () => {
  const ledger = sent('1')
  ledger.received('q', ['1'], 0, 0)
  ledger.deleted('q', '1', 20_000)
  ledger.received('q', ['1'], 20_001, 20_001)
  deepEqual(ledger.violations(), [])
})

test('a message of a standard queue may be there twice only when its send was tried again', () => {
  const ledger = newLedger()
  ledger.sending('q', '1')
  ledger.sendingAgain('q', '1')
  ledger.sent('q', '1')
  ledger.received('q', ['1'], 0, 0)
  ledger.deleted('q', '1', 10)
  ledger.received('q', ['1'], 20, 20)
  deepEqual(ledger.violations(), [])
})

test('in a group nothing may overtake', () => {
  const ledger = sent('1', '2')
  ledger.received('q', ['2'], 0, 0)
  ledger.received('q', ['1'], 1, 1)
  deepEqual(ledger.violations(), ['q: 2 overtook 1'])
})

test('what nobody sent is wrong', () => {
  const ledger = sent('1')
  ledger.received('q', ['1'], 0, 0)
  ledger.received('q', ['x'], 0, 0)
  deepEqual(ledger.violations(), ['q: x was never sent'])
})

test('two owners who both hand out a message are found', () => {
  const ledger = sent('1')
  ledger.received('q', ['1'], 0, 500)
  ledger.received('q', ['1'], 600, LEASE_MS - 1)
  deepEqual(ledger.violations(), ['q: 1 came again while it was with somebody'])
})

test('a message comes again when its lease has ended, which began when it was asked for at the earliest', () => {
  const ledger = sent('1')
  ledger.received('q', ['1'], 0, 3000)
  ledger.received('q', ['1'], 11_000, LEASE_MS)
  deepEqual(ledger.violations(), [])
})

test('a message of a FIFO queue may not be there twice, however often its send was tried', () => {
  const ledger = sent('1')
  ledger.sendingAgain('q', '1')
  ledger.received('q', ['1'], 0, 0)
  ledger.received('q', ['1'], 10, 20)
  deepEqual(ledger.violations(), ['q: 1 came again while it was with somebody'])
})

test('in a group nothing comes while what was before it is with somebody else', () => {
  const ledger = sent('1', '2')
  ledger.received('q', ['1'], 0, 0)
  ledger.received('q', ['2'], 10, 20)
  deepEqual(ledger.violations(), ['q: 2 came while 1 was with somebody'])
})

test('several of a group may come together, and the next one when a delete may have been done', () => {
  const ledger = sent('1', '2', '3')
  ledger.received('q', ['1', '2'], 0, 0)
  ledger.deleting('q', '1')
  ledger.deleting('q', '2')
  ledger.received('q', ['3'], 10, 20)
  deepEqual(ledger.violations(), [])
})
