/** `kafka://host:port,host:port/topic`: where a log on Kafka is. */

export interface HostPort {
  readonly host: string
  readonly port: number
}

export interface KafkaAddress {
  readonly bootstrap: readonly HostPort[]
  readonly topic: string
}

export const TOPIC_DEFAULT = 'pabal'
const PORT_DEFAULT = 9092
const SHAPE = /^kafka:\/\/([^/]+)(?:\/([\w.-]{1,249})?)?$/
const HOST = /^(\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::(\d{1,5}))?$/

/** Undefined for what is none. */
export function readKafkaAddress(text: string): KafkaAddress | undefined {
  const [, hosts, topic = TOPIC_DEFAULT] = SHAPE.exec(text) ?? []
  const bootstrap = hosts?.split(',').map((host) => readHostPort(host, PORT_DEFAULT))
  if (bootstrap === undefined || topic === '.' || topic === '..') return undefined
  return bootstrap.every((host) => host !== undefined) ? { bootstrap, topic } : undefined
}

export function showHostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** `host:port`, `[::1]:port`; undefined for what is none. Without a default the port must be there. */
export function readHostPort(text: string, portDefault?: number): HostPort | undefined {
  const [, host, port = portDefault] = HOST.exec(text.trim()) ?? []
  if (host === undefined || port === undefined || Number(port) < 1 || Number(port) > 65_535) return undefined
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
