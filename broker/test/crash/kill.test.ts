/** `kill -9` of the real process under load, again and again on the same data directory (kill-rounds.ts). */

import { it } from 'node:test'
import { temporaryDirectory } from '../cli/program.ts'
import { killAgainAndAgain } from './kill-rounds.ts'

it('keeps every acknowledged send, deletes for good, and keeps groups in order', async (test) => {
  await using directory = await temporaryDirectory()
  await killAgainAndAgain(test, ['--data', directory.path])
})
