/** A partition of a real Kafka as a stream of small records. */

import { deepEqual } from 'node:assert/strict'
import { it } from 'node:test'
import { RecordStream } from '../../src/log/kafka/record-stream.ts'
import { ensurePassingTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { text } from '../log/conformance.ts'
import { kafkaClient, newTopicName } from './real-kafka.ts'

const kafka = await kafkaClient()

it('a stream of records is seen by all in the same order, from where each began', async () => {
  const topic = newTopicName()
  await ensurePassingTopic(kafka, topic, 60_000)
  const open = (): RecordStream =>
    new RecordStream({
      partition: kafka.partition(topic, 0),
      crc32c: kafka.crc32c,
      clock: systemClock(),
      log: silentLogger,
    })
  const [a, b] = [open(), open()]
  const seen: string[][] = [[], []]
  const begun = new Set<number>()
  const all = new Promise<void>((resolve) => {
    for (const [index, stream] of [a, b].entries()) {
      stream.follow((value) => {
        begun.add(index)
        if (String(value).startsWith('r')) seen[index]!.push(String(value))
        if (seen.every((values) => values.length === 20)) resolve()
      })
    }
  })
  // What comes before they have begun to follow is not theirs to see.
  while (begun.size < 2) await a.append(text('before'))
  await Promise.all(Array.from({ length: 20 }, (_, index) => [a, b][index % 2]!.append(text(`r${index}`))))
  await all
  deepEqual(seen[0], seen[1])
  await Promise.all([a.close(), b.close()])
})
