/**
 * The process that a client lives in: `process.ts MODULE SETTINGS`. It says that it is ready, then does a round for
 * every order, and ends when it is told to or when the benchmark goes away.
 */

import type { ClientModule, Order, Report } from './client.ts'

const [, , modulePath = '', settings = '{}'] = process.argv

async function run(): Promise<void> {
  const { connect } = (await import(modulePath)) as ClientModule
  const client = await connect(JSON.parse(settings))
  process.on('message', (order: Order) => {
    if (order === 'close') client.close().then(() => process.exit(0), fail)
    else client.round(order.load, order.ms).then((round) => say({ round }), fail)
  })
  process.on('disconnect', () => process.exit(1))
  say({ ready: true })
}

function say(report: Report): void {
  process.send?.(report)
}

function fail(error: unknown): void {
  say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}

run().catch(fail)
