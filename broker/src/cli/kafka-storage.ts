/** The cluster on Kafka as `pabal serve --log` asks for it: where, how secured, on which topics; and why it cannot be had. */

import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Broker, type BrokerSettings } from '../broker.ts'
import { joinCluster } from '../cluster/cluster.ts'
import { BEATS_RETENTION_MS, KafkaBeats } from '../cluster/kafka-beats.ts'
import { KafkaTopics } from '../cluster/source/kafka-topics.ts'
import type { Config } from '../config.ts'
import { EXIT, Failure } from '../failure.ts'
import { type HostPort, readHostPort, readKafkaAddress, showHostPort } from '../log/kafka/address.ts'
import { type Kafka, openKafka } from '../log/kafka/kafka.ts'
import { RecordStream } from '../log/kafka/record-stream.ts'
import type { Sasl, Security, Tls } from '../log/kafka/security.ts'
import { ensurePassingTopic, ensureTopic, UnfitTopic } from '../log/kafka/topic-settings.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { endOfTurn } from '../runtime/turn.ts'
import { FollowedLogs } from '../shard/followed-logs.ts'
import { kafkaPlace } from './kafka-place.ts'

/** The topic of the brokers' beats is called like the log's, with this behind it. */
const MEMBERS = '.members'
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

/** Joins the brokers on the same topic. Rejects with a Failure. */
export async function openOnKafka(config: Config, settings: BrokerSettings): Promise<Broker> {
  checkSecret(config)
  const { bootstrap, topic } = readKafkaAddress(config.log)!
  // Connections live in the machine's time, whatever clock the queues have.
  const machineClock = systemClock()
  const security = await securityOf(config)
  const kafka = await openKafka({ bootstrap, clock: machineClock, clientId: 'pabal', ...security })
  const logs = logsOf(config, kafka, topic, machineClock, settings)
  const close = async (): Promise<void> => {
    await logs.close()
    await kafka.close()
  }
  try {
    const { partitions } = await ensureTopic(kafka, topic, config.shards)
    await ensurePassingTopic(kafka, `${topic}${MEMBERS}`, BEATS_RETENTION_MS)
    const cluster = await joinCluster({
      ...settings,
      endOfTurn: settings.endOfTurn ?? endOfTurn,
      machineClock,
      shards: partitions.length,
      openLog: logs.openLog,
      recover: logs.recover,
      standBy: (shards) => logs.standBy(shards),
      reads: () => logs.caughtUpOn,
      caughtUp: () => logs.caughtUp(),
      beats: new KafkaBeats(
        new RecordStream({
          partition: kafka.partition(`${topic}${MEMBERS}`, 0),
          crc32c: kafka.crc32c,
          clock: machineClock,
          log: settings.log,
        }),
      ),
      topics: new KafkaTopics(kafka, new Set([topic, `${topic}${MEMBERS}`])),
      host: config['peer-host'],
      port: config['peer-port'],
      ...listenAt(config),
      secret: config['cluster-secret'],
    })
    return new Broker(cluster, close)
  } catch (error) {
    await close()
    throw kafkaFailure(config, error)
  }
}

/** Where the others reach this broker is not always where it can listen. */
function listenAt(config: Config): { readonly listen?: HostPort } {
  const listen = readHostPort(config['peer-listen'])
  return listen === undefined ? {} : { listen }
}

/** Whoever reaches that port can do anything. */
function checkSecret(config: Config): void {
  const hosts = [config['peer-host'], readHostPort(config['peer-listen'])?.host]
  const open = hosts.find((host) => host !== undefined && !LOOPBACK.has(host))
  if (config['cluster-secret'] !== '' || open === undefined) return
  throw new Failure(
    `The other brokers shall reach this one at ${open}: that needs a cluster-secret.`,
    EXIT.configuration,
  )
}

export function kafkaFailure(config: Config, cause: unknown): Failure {
  const said = cause instanceof Error ? cause.message : String(cause)
  if (cause instanceof UnfitTopic) return new Failure(said, EXIT.configuration, { cause })
  return new Failure(`The log in ${kafkaPlace(config)} cannot be opened: ${said}.`, EXIT.failed, { cause })
}

function logsOf(
  { host, port }: Config,
  kafka: Kafka,
  topic: string,
  clock: Clock,
  { random, log }: BrokerSettings,
): FollowedLogs {
  // A process that starts again is another node: it claims what the one before it had.
  const claimant = { node: `${hostname()}-${random.uuid()}`, address: showHostPort({ host, port }) }
  const { crc32c } = kafka
  return new FollowedLogs({
    partition: (shard) => kafka.partition(topic, shard),
    claimant,
    crc32c,
    clock,
    log,
  })
}

async function securityOf(config: Config): Promise<Security> {
  const [ca, cert, key] = await Promise.all(
    (['kafka-ca', 'kafka-cert', 'kafka-key'] as const).map((name) => readPem(config, name)),
  )
  const files: Tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }
  const tls = config['kafka-tls'] || Object.keys(files).length > 0 ? { tls: files } : {}
  return { ...tls, ...saslOf(config) }
}

function saslOf(config: Config): { readonly sasl?: Sasl } {
  const mechanism = config['kafka-sasl']
  if (mechanism === '') return {}
  return { sasl: { mechanism, username: config['kafka-username'], password: config['kafka-password'] } }
}

async function readPem(
  config: Config,
  name: 'kafka-ca' | 'kafka-cert' | 'kafka-key',
): Promise<string | undefined> {
  const path = config[name]
  if (path === '') return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Failure(`The file of ${name} cannot be read: ${reason}.`, EXIT.configuration, { cause })
  }
}
