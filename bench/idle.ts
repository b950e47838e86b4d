/** What does a broker cost that has nothing to do? 1,000 queues with a long poll waiting on each, no traffic. */

import { join } from 'node:path'
import { openConnection } from './client/connection.ts'
import { RequestWriter } from './client/request.ts'
import { scratch } from './measure/child.ts'
import { cpuSeconds } from './measure/process-use.ts'
import { atMost, count, finish, meets, PABAL } from './measure/row.ts'
import { quick } from './measure/settings.ts'
import { git } from './measure/versions.ts'
import { PABAL_DURABILITY, startPabal } from './peers/pabal.ts'

const QUEUES = 1000
const SECONDS = quick ? 5 : 10
const SETTLE_MS = 2000

using folder = scratch()
await using broker = await startPabal(join(folder.path, 'data'))
const bare = await share()
const writer = new RequestWriter(broker.port)
const connections = await Promise.all(Array.from({ length: QUEUES }, () => openConnection(broker.port)))
for (const [index, connection] of connections.entries()) {
  const created = await connection.exchange(writer.request('CreateQueue', `{"QueueName":"q${index}"}`))
  const { QueueUrl } = JSON.parse(created.toString()) as { readonly QueueUrl: string }
  const poll = writer.request('ReceiveMessage', `{"QueueUrl":"${QueueUrl}","WaitTimeSeconds":20}`)
  // It is still waiting when the connection is closed below.
  connection.exchange(poll).catch(() => {})
}
const used = await share()
for (const connection of connections) connection.close()

const target = atMost(1, '% of a core')
finish({
  title: 'Idle cost',
  rows: [
    {
      what: `${count(QUEUES)} queues, ${count(QUEUES)} long polls, no traffic, ${SECONDS} s`,
      ours: `${(used * 100).toFixed(2)}% of a core`,
      beside: `nothing at all: ${(bare * 100).toFixed(2)}%`,
      target,
      met: meets(used * 100, target),
    },
  ],
  parties: [{ name: PABAL, version: git(), durability: PABAL_DURABILITY }],
  missing: [],
})

/** Of a core, once what came before has settled. */
async function share(): Promise<number> {
  await pause(SETTLE_MS)
  const before = cpuSeconds(broker.pid)
  await pause(SECONDS * 1000)
  return (cpuSeconds(broker.pid) - before) / SECONDS
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
