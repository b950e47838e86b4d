/** The log on Kafka as `pabal serve --log` asks for it: where, how secured, on which topic; and why it cannot be had. */

import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import type { OtherStorage } from '../broker.ts'
import type { Config } from '../config.ts'
import { EXIT, Failure } from '../failure.ts'
import { readKafkaAddress, showHostPort } from '../log/kafka/address.ts'
import { type Kafka, openKafka } from '../log/kafka/kafka.ts'
import { kafkaLogOpener } from '../log/kafka/log-opener.ts'
import type { Sasl, Security, Tls } from '../log/kafka/security.ts'
import { ensureTopic, UnfitTopic } from '../log/kafka/topic-settings.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'

/** One broker has one shard, and so needs one partition. */
const PARTITIONS = 1
const PARTITION = 0

/** `the topic pabal of Kafka at host:port`. */
export function kafkaPlace(config: Config): string {
  const { bootstrap, topic } = readKafkaAddress(config.log)!
  return `the topic ${topic} of Kafka at ${bootstrap.map(showHostPort).join(', ')}`
}

/** Rejects with a Failure. */
export async function kafkaStorage(config: Config, clock: Clock, random: Random): Promise<OtherStorage> {
  const { bootstrap, topic } = readKafkaAddress(config.log)!
  const kafka = await openKafka({ bootstrap, clock, clientId: 'pabal', ...(await securityOf(config)) })
  try {
    await ensureTopic(kafka, topic, PARTITIONS)
  } catch (error) {
    await kafka.close()
    throw kafkaFailure(config, error)
  }
  return {
    openLog: kafkaLogOpener(logOptions(config, kafka, topic, random)),
    closeStorage: () => kafka.close(),
  }
}

export function kafkaFailure(config: Config, cause: unknown): Failure {
  const said = cause instanceof Error ? cause.message : String(cause)
  if (cause instanceof UnfitTopic) return new Failure(said, EXIT.configuration, { cause })
  return new Failure(`The log in ${kafkaPlace(config)} cannot be opened: ${said}.`, EXIT.failed, { cause })
}

function logOptions(
  { host, port }: Config,
  kafka: Kafka,
  topic: string,
  random: Random,
): Parameters<typeof kafkaLogOpener>[0] {
  // A process that starts again is another node: it claims what the one before it had.
  const claimant = { node: `${hostname()}-${random.uuid()}`, address: showHostPort({ host, port }) }
  return { partition: kafka.partition(topic, PARTITION), claimant, crc32c: kafka.crc32c }
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
