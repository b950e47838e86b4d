/**
 * A small file system of its own is filled to the last byte. Sends are refused with 503; receives and deletes go on,
 * from the reserve; a kill then is survived; when there is space, sends are taken again by themselves.
 */

import { execFileSync } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { SQSClient } from '@aws-sdk/client-sqs'
import { BrokerProcess } from './broker-process.ts'
import { Mailbox } from './mailbox.ts'
import {
  comesTrue,
  createQueue,
  Findings,
  pause,
  type Scene,
  type Stage,
  statusOf,
  type Verdict,
} from './scene.ts'

const FILE_SYSTEM_BYTES = 160 * 1024 * 1024
const MESSAGE_BYTES = 50_000
const RECOVERY_MS = 15_000
/** What is received and deleted on the full disk. */
const SERVED = 200

export const onTmpfs: Scene = (stage) =>
  mounted(stage, (path) => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${FILE_SYSTEM_BYTES}`, 'tmpfs', path])
  })

export const onExt4: Scene = (stage) =>
  mounted(stage, (path) => {
    const image = `${path}.image`
    execFileSync('truncate', ['-s', String(FILE_SYSTEM_BYTES), image])
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image])
    execFileSync('mount', ['-o', 'loop', image, path])
  })

async function mounted(stage: Stage, mount: (path: string) => void): Promise<Verdict> {
  const path = join(stage.directory, 'disk')
  mkdirSync(path)
  try {
    mount(path)
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n', 1)[0] : String(error)
    return { startMs: [], violations: [], skipped: `a file system can be mounted by root only (${why})` }
  }
  try {
    return await play(path, stage.print)
  } finally {
    execFileSync('umount', [path])
  }
}

async function play(disk: string, print: (line: string) => void): Promise<Verdict> {
  const findings = new Findings()
  const box = new Mailbox('full')
  const launch = { directory: join(disk, 'data'), port: 0 }
  const filler = join(disk, 'filler')
  const life = async (live: (client: SQSClient) => Promise<void>): Promise<void> => {
    await using broker = new BrokerProcess(launch)
    await live(await findings.started(broker))
    findings.expect(broker.alive, `the broker ended: ${broker.said}`)
  }
  await life(async (client) => {
    await createQueue(client, box.queue)
    for (let sent = 0; sent < 2 * SERVED; sent += 1) await box.send(client, MESSAGE_BYTES)
    await comesTrue(() => Promise.resolve(existsSync(join(launch.directory, 'reserve'))), RECOVERY_MS)
    fill(filler)
    await expectRefused(box, client, findings)
    await serve(box, client, findings)
    print(
      `full: ${box.kept.size} messages kept, ${box.deleted.size} deleted since, ${free(disk)} bytes free; killed`,
    )
  })
  await life(async (client) => {
    findings.expect((await box.send(client, 20)) === 503, 'after the kill a send was taken on the full disk')
    await serve(box, client, findings)
    fill(filler)
    print(`without the reserve's room: ${await attempts(box, client)}; killed`)
  })
  await life(async (client) => {
    rmSync(filler)
    const taken = await comesTrue(async () => (await box.send(client, MESSAGE_BYTES)) === 200, RECOVERY_MS)
    findings.expect(taken, `sends were still refused ${RECOVERY_MS} ms after there was space`)
  })
  await life(async (client) => {
    findings.violations.push(...(await box.empty(client)))
  })
  return findings
}

async function expectRefused(box: Mailbox, client: SQSClient, findings: Findings): Promise<void> {
  let status = 200
  for (let sent = 0; sent < SERVED && status === 200; sent += 1)
    status = await box.send(client, MESSAGE_BYTES)
  findings.expect(status === 503, `a send on the full disk was answered with ${status}, not 503`)
  findings.expect((await box.send(client, 20)) === 503, 'a small send was taken on the full disk')
}

/** What becomes of receives when another program has taken the reserve's room too: nothing is promised but answers. */
async function attempts(box: Mailbox, client: SQSClient): Promise<string> {
  const statuses = new Map<number, number>()
  for (let tries = 0; tries < 20; tries += 1) {
    const status = await statusOf(box.receive(client, 0))
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    if (status !== 200) await pause(100)
  }
  return [...statuses].map(([status, count]) => `${count} receives answered ${status}`).join(', ')
}

/** Receives and deletes go on, whatever the disk says. */
async function serve(box: Mailbox, client: SQSClient, findings: Findings): Promise<void> {
  let served = 0
  try {
    while (served < SERVED / 2) {
      const messages = await box.receive(client, 60)
      if (messages.length === 0) break
      for (const message of messages) {
        const status = await box.delete(client, message)
        findings.expect(status === 200, `a delete on the full disk was answered with ${status}`)
        served += 1
      }
    }
  } catch (error) {
    findings.expect(false, `after ${served} messages a receive on the full disk failed: ${String(error)}`)
  }
  findings.expect(served >= SERVED / 2, `only ${served} messages were received on the full disk`)
}

/** Writes until not one more byte fits. */
function fill(path: string): void {
  const file = openSync(path, 'a')
  for (let bytes = 1024 * 1024; bytes >= 1; ) {
    try {
      writeSync(file, Buffer.alloc(bytes, 'f'))
    } catch {
      bytes = Math.floor(bytes / 2)
    }
  }
  closeSync(file)
}

function free(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
