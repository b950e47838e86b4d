/** Topics of a real Kafka: made with the right settings, refused with the wrong ones. */

import { equal, match, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import { OutOfRange } from '../../src/log/kafka/partition.ts'
import { batchOf, visitBatches } from '../../src/log/kafka/record-batch.ts'
import { createTopic, ensureTopic, LOG_SETTINGS, UnfitTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { text } from '../log/conformance.ts'
import { kafkaClient, newTopicName, realKafka } from './real-kafka.ts'

const kafka = await kafkaClient()

describe('a topic for logs', () => {
  it('is made where there is none, with settings that pass when it is looked at again', async () => {
    const name = newTopicName()
    const made = await ensureTopic(kafka, name, 3)
    equal(made.partitions.length, 3)
    kafka.forget(name)
    equal((await ensureTopic(kafka, name, 5)).id, made.id)
  })

  it('is refused where Kafka would lose messages, with the setting that is wrong', async () => {
    const wrong: Readonly<Record<string, string>> = {
      'retention.ms': '604800000',
      'retention.bytes': '1000000',
      'cleanup.policy': 'compact',
      'max.message.bytes': '1048588',
      'unclean.leader.election.enable': 'true',
      'compression.type': 'gzip',
    }
    for (const [setting, value] of Object.entries(wrong)) {
      const name = newTopicName()
      await createTopic(kafka, name, 1, { ...LOG_SETTINGS, [setting]: value })
      await rejects(ensureTopic(kafka, name, 1), (error) => {
        ok(error instanceof UnfitTopic)
        equal(error.setting, setting)
        match(
          error.message,
          new RegExp(`^The Kafka topic ${name} cannot hold a log: ${setting} is ${value} and must `),
        )
        return true
      })
    }
  })
})

describe('a client of Kafka', () => {
  it('asks the next node where one does not answer', async () => {
    const { bootstrap } = await realKafka()
    const nobody = { host: '127.0.0.1', port: 1 }
    const client = await openKafka({ bootstrap: [nobody, ...bootstrap], clock: systemClock() })
    ok((await client.nodeCount()) === 1)
    await client.close()
  })

  it('appends what several partitions have at once, and each gets its own offsets', async () => {
    const name = newTopicName()
    await ensureTopic(kafka, name, 8)
    const partitions = Array.from({ length: 8 }, (_, index) => kafka.partition(name, index))
    for (let round = 0; round < 5; round++) {
      const offsets = await Promise.all(
        partitions.map((partition, index) =>
          partition.append(batchOf(Array.from({ length: index + 1 }, () => ({ value: text('record') })))),
        ),
      )
      for (const [index, offset] of offsets.entries()) equal(offset, round * (index + 1))
    }
  })

  it('gives two who append to one partition at once an offset each', async () => {
    const name = newTopicName()
    await ensureTopic(kafka, name, 1)
    const writers = [kafka.partition(name, 0), kafka.partition(name, 0)]
    const offsets: number[] = []
    for (let round = 0; round < 5; round++) {
      offsets.push(...(await Promise.all(writers.map((one) => one.append(batchOf([{ value: text('x') }]))))))
    }
    equal(offsets.sort((a, b) => a - b).join(), '0,1,2,3,4,5,6,7,8,9')
    equal((await writers[0]!.offsets()).end, 10)
  })

  it('reads keys and values back as they were, and waits for what is not there yet', async () => {
    const name = newTopicName()
    await ensureTopic(kafka, name, 1)
    const partition = kafka.partition(name, 0)
    const waiting = partition.fetch(0, { bytesMax: 1000, waitMs: 5000 })
    await partition.append(batchOf([{ key: text('key'), value: text('value') }]))
    const { bytes, start, end } = await waiting
    equal(`${start} ${end}`, '0 1')
    const seen: string[] = []
    visitBatches(bytes, 0, 10, kafka.crc32c, ({ buffer, keyAt, keyBytes, valueAt, valueBytes }) => {
      seen.push(buffer.toString('latin1', keyAt, keyAt + keyBytes))
      seen.push(buffer.toString('latin1', valueAt, valueAt + valueBytes))
    })
    equal(seen.join(), 'key,value')
  })

  it('ends a wait when it is told to', async () => {
    const name = newTopicName()
    await ensureTopic(kafka, name, 1)
    const stop = new AbortController()
    const waiting = kafka.partition(name, 0).fetch(0, { bytesMax: 1000, waitMs: 5000, signal: stop.signal })
    await kafka.partition(name, 0).offsets()
    stop.abort()
    await rejects(waiting)
  })

  it('says where an offset is not in the partition', async () => {
    const name = newTopicName()
    await ensureTopic(kafka, name, 1)
    const partition = kafka.partition(name, 0)
    await partition.append(batchOf([{ value: text('one') }, { value: text('two') }]))
    await rejects(partition.fetch(3, { bytesMax: 1000 }), OutOfRange)
    await partition.deleteBefore(1)
    await rejects(partition.fetch(0, { bytesMax: 1000 }), OutOfRange)
    equal((await partition.offsets()).start, 1)
  })
})
