/**
 * The broker may have few files and sockets open, and a client takes them all. New connections are closed or left
 * waiting; those that are there are served; when handles are free again everything works, and nothing is lost.
 */

import { connect, type Socket } from 'node:net'
import { BrokerProcess } from './broker-process.ts'
import { sqsClient } from './clients.ts'
import { Mailbox } from './mailbox.ts'
import { comesTrue, createQueue, Findings, pause, type Scene, statusOf } from './scene.ts'

const HANDLES_MAX = 64
const SOCKETS = 200
const RECOVERY_MS = 15_000

export const handlesExhausted: Scene = async ({ directory, print }) => {
  const findings = new Findings()
  const box = new Mailbox('handles')
  await using broker = new BrokerProcess({ directory, port: 0, handlesMax: HANDLES_MAX })
  const client = await findings.started(broker)
  const url = await broker.listening
  await createQueue(client, box.queue)
  for (let sent = 0; sent < 50; sent += 1) await box.send(client, 200)

  const sockets = await takeAll(Number(new URL(url).port))
  const before = box.kept.size
  for (let sent = 0; sent < 50; sent += 1) await box.send(client, 200)
  const served = box.kept.size - before
  const others = sqsClient(url)
  const refused = await statusOf(Promise.race([box.receive(others, 0), pause(2000).then(noAnswer)]))
  others.destroy()
  print(
    `${HANDLES_MAX} handles, ${SOCKETS} connections: ${served} of 50 sends taken on an old connection, a new one was ${refused === 200 ? 'served' : 'not served'}`,
  )
  findings.expect(broker.alive, `it ended: ${broker.said}`)
  for (const socket of sockets) socket.destroy()

  const again = sqsClient(url)
  const recovered = await comesTrue(async () => (await box.send(again, 200)) === 200, RECOVERY_MS)
  findings.expect(recovered, `${RECOVERY_MS} ms after the connections were closed it still served nobody`)
  await broker.kill()
  await using restarted = new BrokerProcess({ directory, port: 0 })
  findings.violations.push(...(await box.empty(await findings.started(restarted))))
  return findings
}

/** As many connections as there are handles, and more. */
async function takeAll(port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: SOCKETS }, () => connect(port, '127.0.0.1').on('error', () => {}))
  await pause(1000)
  return sockets
}

function noAnswer(): never {
  throw new Error('no answer')
}
