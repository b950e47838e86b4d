/** The garbage collector is not told of the table's memory; a table that was dropped must go all the same. */

import { ok } from 'node:assert/strict'
import { it } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { MessageTable, RECORD_BYTES } from '../../src/queue/message-table.ts'

const DROPPED_BYTES = 200 * 1024 * 1024
/** Nothing of it is written, so that nothing of it is resident. */
const GROWN_BYTES_MAX = 4 * DROPPED_BYTES

/** Takes a chunk more. Returns its bytes. */
function grow(table: MessageTable): number {
  const { room } = table.fresh()!
  table.claimFresh(room)
  return room * RECORD_BYTES
}

/** A large table that nobody holds. */
function dropTable(registry: FinalizationRegistry<undefined>): void {
  const table = new MessageTable()
  for (let bytes = 0; bytes < DROPPED_BYTES; ) bytes += grow(table)
  registry.register(table, undefined)
}

it('a table that was dropped is collected while the next one grows', async () => {
  let collected = false
  const registry = new FinalizationRegistry<undefined>(() => {
    collected = true
  })
  dropTable(registry)
  const next = new MessageTable()
  for (let bytes = 0; !collected && bytes < GROWN_BYTES_MAX; bytes += grow(next)) await turn()
  ok(collected)
})
