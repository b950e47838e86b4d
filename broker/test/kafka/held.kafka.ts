/** Appends to a real Kafka whose bytes, or whose answers, a proxy holds back. */

import { deepEqual, equal, rejects } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { HostPort } from '../../src/log/kafka/address.ts'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import { type KafkaLog, Overtaken, openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { ensureTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { replayed, text } from '../log/conformance.ts'
import { HeldBytes } from './held-bytes.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

let node: HostPort | undefined
const proxy = await HeldBytes.before(() => node!)
const { host, port } = proxy.address
// Whoever asks Kafka where it is gets the proxy's address.
const kafka = await realKafka({ settings: [`advertised.listeners=PLAINTEXT://${host}:${port}`] })
node = kafka.bootstrap[0]!
after(() => proxy[Symbol.asyncDispose]())

/** Each owner has connections of its own. */
async function open(topic: string, name: string): Promise<KafkaLog> {
  const client = await openKafka({ bootstrap: [proxy.address], clock: systemClock() })
  after(() => client.close())
  await ensureTopic(client, topic, 1)
  const claimant = { node: name, address: '' }
  return openKafkaLog({ partition: client.partition(topic, 0), claimant, crc32c: client.crc32c })
}

async function put(log: KafkaLog, record: string): Promise<void> {
  log.append(text(record))
  await log.flush()
}

describe('an append to a real Kafka', () => {
  it('whose answer is lost is sent again, counts once, and costs no recovery', async () => {
    const log = await open(newTopicName(), 'a')
    await put(log, 'one')
    const held = proxy.hold('answers')
    const putting = put(log, 'two')
    await held
    proxy.cut()
    await putting
    await put(log, 'three')
    deepEqual(await replayed(log), ['one', 'two', 'three'])
  })

  it('that is held until it was sent again counts once', async () => {
    const log = await open(newTopicName(), 'a')
    await put(log, 'one')
    const held = proxy.hold('requests')
    const putting = put(log, 'two')
    await held
    proxy.cut()
    await putting
    proxy.release()
    await put(log, 'three')
    deepEqual(await replayed(log), ['one', 'two', 'three'])
  })

  it('that is held while another owner claims counts for nobody, and both find out', async () => {
    const topic = newTopicName()
    const a = await open(topic, 'a')
    await put(a, 'one')
    const held = proxy.hold('requests')
    const putting = put(a, 'held')
    await held
    const b = await open(topic, 'b')
    deepEqual(await replayed(b), ['one'])
    proxy.release()
    await rejects(putting, Overtaken)
    await rejects(put(b, 'two'), Overtaken)
    const again = await open(topic, 'b')
    deepEqual(await replayed(again), ['one'])
    await put(again, 'two')
    deepEqual(await replayed(again), ['one', 'two'])
    equal(again.segments().length, 1)
  })
})
