/**
 * Which behaviours of the checklist this suite covers: a test's name begins with their numbers. What no name
 * mentions must be listed here, with the reason. The checklist is numbered by letter, one section each.
 */

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

/** Sections of the checklist and how many behaviours each has. */
const SECTIONS: Readonly<Record<string, number>> = {
  Q: 21,
  A: 25,
  S: 21,
  B: 15,
  R: 24,
  V: 11,
  F: 19,
  D: 13,
  X: 7,
  M: 9,
  T: 6,
  P: 3,
  U: 4,
  G: 3,
  H: 14,
  L: 13,
}

const UNCOVERED: Readonly<Record<string, string>> = {
  Q20: 'one broker serves one name space: a queue is found by its name alone, whatever the region (H14)',
  R11: 'says what consumers may not rely on: nothing to see',
  L9: 'a peek is not offered yet',
  L11: 'forwarding is not offered',
  L12: 'a relaxed mode is not offered; that limits hold is S6 and R3',
}

/** `test('Q1 Q2 …`, and `name: 'L1 …` where the tests come from a table. */
const NAMES = /(?:\b\w*[tT]est\(|\bname:)\s*['"`]((?:[A-Z]\d+ )+)/g

function coveredNumbers(): Set<string> {
  const covered = new Set<string>()
  for (const file of readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts')) continue
    const text = readFileSync(join(import.meta.dirname, file), 'utf8')
    for (const [, numbers = ''] of text.matchAll(NAMES)) {
      for (const number of numbers.trim().split(' ')) covered.add(number)
    }
  }
  return covered
}

const all = Object.entries(SECTIONS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
)

test('every behaviour of the checklist has a test or a reason not to have one', () => {
  const covered = coveredNumbers()
  const missing = all.filter((number) => !covered.has(number) && UNCOVERED[number] === undefined)
  assert.deepEqual(missing, [])
})

test('no reason stands for a behaviour that has a test, no test for one that does not exist', () => {
  const covered = coveredNumbers()
  assert.deepEqual(
    Object.keys(UNCOVERED).filter((number) => covered.has(number)),
    [],
  )
  assert.deepEqual(
    [...covered].filter((number) => !all.includes(number)),
    [],
  )
})
