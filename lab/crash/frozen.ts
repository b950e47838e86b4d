/**
 * The process is stopped (SIGSTOP) for longer than a visibility timeout, as a suspended machine is, and goes on.
 * Leases that ended meanwhile have ended, whoever waits is answered, and a FIFO handle that is over is refused.
 */

import { BrokerProcess } from './broker-process.ts'
import { Mailbox } from './mailbox.ts'
import { createQueue, Findings, pause, type Scene } from './scene.ts'

const VISIBILITY_SECONDS = 2
const FROZEN_MS = 3000

export const frozen: Scene = async ({ directory, print }) => {
  const findings = new Findings()
  const box = new Mailbox('frozen')
  const fifo = new Mailbox('frozen.fifo')
  await using broker = new BrokerProcess({ directory, port: 0 })
  const client = await findings.started(broker)
  await createQueue(client, box.queue)
  await createQueue(client, fifo.queue, { FifoQueue: 'true' })
  for (let sent = 0; sent < 30; sent += 1) await Promise.all([box.send(client, 100), fifo.send(client, 100)])
  const long = await box.receive(client, 600)
  const short = await box.receive(client, VISIBILITY_SECONDS)
  const [first] = await fifo.receive(client, VISIBILITY_SECONDS, 1)

  broker.signal('SIGSTOP')
  const askedAt = performance.now()
  const asked = box.send(client, 100)
  await pause(FROZEN_MS)
  broker.signal('SIGCONT')
  findings.expect((await asked) === 200, 'a send made while it was stopped was not taken when it went on')
  print(
    `stopped for ${FROZEN_MS} ms; a send waited ${Math.round(performance.now() - askedAt)} ms for its answer`,
  )

  findings.expect(
    (await fifo.delete(client, first!)) === 400,
    'a FIFO handle outlived its visibility timeout',
  )
  const back = new Set<string>()
  for (let tries = 0; tries < 10; tries += 1)
    for (const { Body = '' } of await box.receive(client, 1)) back.add(Body)
  findings.expect(
    short.every(({ Body = '' }) => back.has(Body)),
    'a lease that ended in the meantime is held',
  )
  findings.expect(!long.some(({ Body = '' }) => back.has(Body)), 'a lease of ten minutes ended')
  for (const message of long)
    findings.expect((await box.delete(client, message)) === 200, 'a delete was refused')
  await pause(VISIBILITY_SECONDS * 1000)
  const violations = [...(await box.empty(client)), ...(await fifo.empty(client))]
  findings.violations.push(...violations)
  return findings
}
