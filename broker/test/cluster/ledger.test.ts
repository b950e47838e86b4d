/** The checker of the fault runs is not blind. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Ledger } from './ledger.ts'

function sent(...bodies: readonly string[]): Ledger {
  const ledger = new Ledger()
  for (const body of bodies) {
    ledger.sending('q', body, 'g')
    ledger.sent('q', body)
  }
  return ledger
}

test('a history without a fault has no violation', () => {
  const ledger = sent('1', '2')
  for (const body of ['1', '2']) {
    ledger.received('q', body, 0)
    ledger.deleted('q', body, 10)
  }
  deepEqual(ledger.violations(), [])
})

test('what was acknowledged and never came is lost', () => {
  deepEqual(sent('1').violations(), ['1 was lost'])
})

test('what was not acknowledged may come or not', () => {
  const ledger = new Ledger()
  ledger.sending('q', '1')
  ledger.sending('q', '2')
  ledger.received('q', '2', 0)
  deepEqual(ledger.violations(), [])
})

test('what comes after its deletion was doubled, or its deletion was lost', () => {
  const ledger = sent('1')
  ledger.received('q', '1', 0)
  ledger.deleted('q', '1', 10)
  ledger.received('q', '1', 20)
  deepEqual(ledger.violations(), ['q: 1 came again after it was deleted'])
})

test('a delete that came when the lease was over says nothing', () => {
  const ledger = sent('1')
  ledger.received('q', '1', 0)
  ledger.deleted('q', '1', 20_000)
  ledger.received('q', '1', 20_001)
  deepEqual(ledger.violations(), [])
})

test('a message of a standard queue may be there twice only when its send was tried again', () => {
  const ledger = new Ledger()
  ledger.sending('q', '1')
  ledger.sendingAgain('q', '1')
  ledger.sent('q', '1')
  ledger.received('q', '1', 0)
  ledger.deleted('q', '1', 10)
  ledger.received('q', '1', 20)
  deepEqual(ledger.violations(), [])
})

test('in a group nothing may overtake', () => {
  const ledger = sent('1', '2')
  ledger.received('q', '2', 0)
  ledger.received('q', '1', 1)
  deepEqual(ledger.violations(), ['q: 2 overtook 1'])
})

test('what nobody sent is wrong', () => {
  const ledger = sent('1')
  ledger.received('q', '1', 0)
  ledger.received('q', 'x', 0)
  deepEqual(ledger.violations(), ['q: x was never sent'])
})
