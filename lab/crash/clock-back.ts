/**
 * The clock is set back by two hours while the broker is down: its newest events lie in the future. Nothing is lost
 * or delivered early, and time goes on: leases, delays and a next crash are as ever. The future is made with
 * `--test-clock`, so that the machine's clock stays as it is.
 */

import type { Message, SQSClient } from '@aws-sdk/client-sqs'
import { BrokerProcess } from './broker-process.ts'
import { Mailbox } from './mailbox.ts'
import { createQueue, Findings, pause, type Scene } from './scene.ts'

const AHEAD = '2h'
const LEASE_SECONDS = 3

export const clockBack: Scene = async ({ directory, print }) => {
  const findings = new Findings()
  const box = new Mailbox('clock')
  let leased: readonly Message[] = []
  const life = async (flags: readonly string[], live: (client: SQSClient, url: string) => Promise<void>) => {
    await using broker = new BrokerProcess({ directory, port: 0, flags })
    const client = await findings.started(broker)
    await live(client, await broker.listening)
    await broker.kill()
  }
  await life(['--test-clock'], async (client, url) => {
    await createQueue(client, box.queue)
    for (let sent = 0; sent < 10; sent += 1) await box.send(client, 100)
    await fetch(`${url}/pabal/clock?advance=${AHEAD}`, { method: 'POST' })
    for (let sent = 0; sent < 20; sent += 1) await box.send(client, 100)
    leased = await box.receive(client, LEASE_SECONDS)
  })
  await life([], async (client) => {
    const startedAt = performance.now()
    const others = await takeOthers(box, client)
    findings.expect(
      !leased.some(({ Body }) => others.includes(Body ?? '')) ||
        performance.now() - startedAt > LEASE_SECONDS * 1000,
      'a lease ended early when the clock was set back',
    )
    await pause(LEASE_SECONDS * 1000 + 500)
    const back = await takeOthers(box, client)
    findings.expect(
      leased.every(({ Body = '' }) => back.includes(Body)),
      'a lease did not end in its time',
    )
    for (let sent = 0; sent < 10; sent += 1) await box.send(client, 100)
  })
  await life([], async (client) => {
    for (let sent = 0; sent < 10; sent += 1) await box.send(client, 100)
    print(`started twice ${AHEAD} behind its log: ${box.kept.size} messages are to be there`)
    await pause(1500)
    findings.violations.push(...(await box.empty(client)))
  })
  return findings
}

/** Whatever can be received now, each held for a second. */
async function takeOthers(box: Mailbox, client: SQSClient): Promise<string[]> {
  const bodies = new Set<string>()
  for (let tries = 0; tries < 6; tries += 1)
    for (const { Body = '' } of await box.receive(client, 1)) bodies.add(Body)
  return [...bodies]
}
