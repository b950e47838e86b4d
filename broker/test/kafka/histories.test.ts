/**
 * What can become of an append, as histories: a row of what was written, what the owner was told, and what a reader
 * sees. Each of the first rows is lost by a rule that is weaker than "a record counts where its writer meant it to lie".
 */

import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from '@platformatic/kafka'
import { type KafkaLog, Overtaken, openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { kafkaLogOpener, TakenOver } from '../../src/log/kafka/log-opener.ts'
import { batchOf } from '../../src/log/kafka/record-batch.ts'
import { LogDamage } from '../../src/log/log.ts'
import { replayed, text } from '../log/conformance.ts'
import { ModelledPartition } from './modelled-partition.ts'

function open(model: ModelledPartition, node: string): Promise<KafkaLog> {
  return openKafkaLog({ partition: model.view(), claimant: { node, address: `${node}:1` }, crc32c })
}

async function put(log: KafkaLog, record: string): Promise<void> {
  log.append(text(record))
  await log.flush()
}

/** What whoever claims next finds. */
async function found(model: ModelledPartition): Promise<string[]> {
  return replayed(await open(model, 'reader'))
}

describe('a claim', () => {
  it('between an append and its landing voids the append, and the new owner finds its own next one voided too', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    model.fate('held')
    const appending = put(a, 'of a, held')
    const b = await open(model, 'b')
    model.release()
    await rejects(appending, Overtaken)
    await rejects(put(b, 'of b'), Overtaken)
    const again = await open(model, 'b')
    deepEqual(await replayed(again), [])
    await put(again, 'of b again')
    deepEqual(await found(model), ['of b again'])
  })

  it('takes an owner that is busy by surprise, who loses nothing that was acknowledged', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    await put(a, 'one')
    const b = await open(model, 'b')
    deepEqual(await replayed(b), ['one'])
    await put(b, 'two')
    await rejects(put(a, 'too late'), Overtaken)
    await rejects(put(a, 'closed'))
    deepEqual(await found(model), ['one', 'two'])
  })

  it('precedes every recovery, so that an append that comes after it does not count beside what was decided without it', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    model.fate('late')
    await rejects(put(a, 'x'))
    const again = await open(model, 'a')
    await put(again, 'y')
    model.release()
    deepEqual(await found(model), ['y'])
  })

  it('precedes every recovery, so that an append that came before it counts', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    model.fate('unanswered')
    await rejects(put(a, 'x'))
    const again = await open(model, 'a')
    deepEqual(await replayed(again), ['x'])
    await put(again, 'y')
    deepEqual(await found(model), ['x', 'y'])
  })

  it('that itself comes late costs another recovery, and nothing else', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    await put(a, 'one')
    model.fate('late')
    await rejects(open(model, 'b'))
    await put(a, 'two')
    model.release()
    await rejects(put(a, 'three'), Overtaken)
    const again = await open(model, 'a')
    await put(again, 'three')
    deepEqual(await found(model), ['one', 'two', 'three'])
  })

  it('begins a segment together with its first record: both count or neither', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    await put(a, 'one')
    a.roll()
    model.fate('late')
    await rejects(put(a, 'lost'))
    const b = await open(model, 'b')
    b.roll()
    await put(b, 'two')
    model.release()
    const reader = await open(model, 'reader')
    deepEqual(await replayed(reader), ['one', 'two'])
    equal(reader.segments().length, 2)
    await reader.trim(reader.segments()[1]!.start)
    deepEqual(await found(model), ['two'])
  })

  it('that lands before what was acknowledged shows that Kafka has lost it', async () => {
    const partition = new ModelledPartition().view()
    const options = { partition, claimant: { node: 'a', address: '' }, crc32c, durableBefore: 10 }
    await rejects(openKafkaLog(options), LogDamage)
  })
})

describe('an append that is repeated', () => {
  it('without sequence numbers counts once, whichever offset is answered', async () => {
    for (const fate of ['repeated', 'twice'] as const) {
      const model = new ModelledPartition()
      const a = await open(model, 'a')
      model.fate(fate)
      const putting = put(a, 'x')
      if (fate === 'repeated') await rejects(putting, Overtaken)
      else await putting
      if (fate === 'twice') await rejects(put(a, 'y'), Overtaken)
      deepEqual(await found(model), ['x'])
    }
  })

  it('of a claim voids what was written under it, and loses nothing that was acknowledged', async () => {
    const model = new ModelledPartition()
    model.fate('twice')
    const a = await open(model, 'a')
    await rejects(put(a, 'x'), Overtaken)
    deepEqual(await found(model), [])
  })
})

describe('what Pabal did not write', () => {
  it('is left out, and ends the run it came into', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    await put(a, 'one')
    await model.view().append(batchOf([{ key: text('key'), value: text('of another program') }]))
    await rejects(put(a, 'two'), Overtaken)
    deepEqual(await found(model), ['one'])
  })

  it('is damage where a byte of ours has changed', async () => {
    const model = new ModelledPartition()
    const a = await open(model, 'a')
    await put(a, 'one')
    model.damage(1)
    await rejects(replayed(a), LogDamage)
    await rejects(open(model, 'b'), LogDamage)
  })
})

describe('opening a log again', () => {
  it('claims again where nobody else has claimed', async () => {
    const model = new ModelledPartition()
    const openLog = kafkaLogOpener({ partition: model.view(), claimant: { node: 'a', address: '' }, crc32c })
    const log = await openLog()
    await put(log, 'one')
    model.fate('unanswered')
    await rejects(put(log, 'two'))
    deepEqual(await replayed(await openLog()), ['one', 'two'])
  })

  it('leaves it to whoever has claimed it meanwhile', async () => {
    const model = new ModelledPartition()
    const openLog = kafkaLogOpener({ partition: model.view(), claimant: { node: 'a', address: '' }, crc32c })
    const log = await openLog()
    await put(log, 'one')
    const b = await open(model, 'b')
    await rejects(put(log, 'two'), Overtaken)
    const { end } = model
    await rejects(openLog(), TakenOver)
    equal(model.end, end)
    b.roll()
    await rejects(put(b, 'three'), Overtaken)
  })

  it('leaves it to others where its claim was trimmed', async () => {
    const model = new ModelledPartition()
    const openLog = kafkaLogOpener({ partition: model.view(), claimant: { node: 'a', address: '' }, crc32c })
    await put(await openLog(), 'one')
    const b = await open(model, 'b')
    b.roll()
    await put(b, 'two')
    await b.trim(b.end)
    await rejects(openLog(), TakenOver)
  })
})
