/** `kill -9` of the real process under load, again and again on the same topic of a real Kafka. */

import { it } from 'node:test'
import { killAgainAndAgain } from '../crash/kill-rounds.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

const kafka = await realKafka()

it('keeps every acknowledged send, deletes for good, and keeps groups in order, in Kafka', async (test) => {
  await killAgainAndAgain(test, ['--log', `${kafka.url}/${newTopicName()}`])
})
