/** The log on a real Kafka, against the log's conformance suite. */

import type { Kafka } from '../../src/log/kafka/kafka.ts'
import { openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { ensureTopic } from '../../src/log/kafka/topic-settings.ts'
import { conformance, type Subject, type SubjectOptions } from '../log/conformance.ts'
import { kafkaClient, newTopicName } from './real-kafka.ts'

const kafka = await kafkaClient()

async function open(client: Kafka, topic: string, options: SubjectOptions): Promise<Subject> {
  const claimant = { node: 'tester', address: '' }
  const partition = client.partition(topic, 0)
  const log = await openKafkaLog({ partition, claimant, crc32c: client.crc32c, ...options })
  return {
    log,
    reopen: async () => {
      await log.close()
      return open(client, topic, options)
    },
    dispose: () => log.close(),
  }
}

conformance('log on Kafka', async (options) => {
  const topic = newTopicName()
  await ensureTopic(kafka, topic, 1)
  return open(kafka, topic, options)
})
