/**
 * Listening on a host. The name `localhost` means both loopback addresses, 127.0.0.1 and ::1, because clients
 * disagree about which of the two it is; where the machine has no IPv6 the first alone will do.
 */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'

export interface Listening {
  readonly port: number
  readonly servers: readonly Server[]
}

const LOOPBACKS = ['127.0.0.1', '::1'] as const
/** A free port of one loopback address may be taken on the other. */
const FREE_PORT_TRIES = 10

/** Rejects with Node's error (`EADDRINUSE`, `EACCES`, `ENOTFOUND` …). */
export async function listen(
  host: string,
  port: number,
  connected: (socket: Socket) => void,
): Promise<Listening> {
  if (host !== 'localhost') return one(host, port, connected)
  for (let tries = 1; ; tries++) {
    try {
      return await both(port, connected)
    } catch (error) {
      if (port !== 0 || tries === FREE_PORT_TRIES || codeOf(error) !== 'EADDRINUSE') throw error
    }
  }
}

async function both(port: number, connected: (socket: Socket) => void): Promise<Listening> {
  const first = await one(LOOPBACKS[0], port, connected)
  try {
    const second = await one(LOOPBACKS[1], first.port, connected)
    return { port: first.port, servers: [...first.servers, ...second.servers] }
  } catch (error) {
    if (['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(codeOf(error))) return first
    first.servers[0]?.close()
    throw error
  }
}

async function one(host: string, port: number, connected: (socket: Socket) => void): Promise<Listening> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, connected)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject)
      // A connection that could not be accepted, for want of file handles: its client sees it closed, and tries again.
      server.on('error', () => {})
      resolve()
    })
  })
  return { port: (server.address() as AddressInfo).port, servers: [server] }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
