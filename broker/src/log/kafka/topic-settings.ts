/**
 * The settings that a topic needs to hold logs. Kafka's defaults would delete a queue's log after a week, so a topic
 * that is there already is looked at, and refused with a sentence that names what is wrong and what would be right.
 */

import type { createTopicsV7, describeConfigsV4 } from '@platformatic/kafka'
import type { Kafka, Topic } from './kafka.ts'
import { KafkaError } from './kafka-error.ts'
import type { Api } from './kafka-node.ts'
import { lenient } from './lenient.ts'
import { pause } from './pause.ts'

const MESSAGE_BYTES = 8 * 1024 * 1024
/** A record of RECORD_BYTES_MAX (kafka-log.ts), its key and its batch's header, with room to spare. */
const MESSAGE_BYTES_MIN = 5 * 1024 * 1024
/** Kafka gives space back by whole segments of its own. */
const KAFKA_SEGMENT_BYTES = 64 * 1024 * 1024
const REPLICAS = 3
const CREATE_MS = 10_000
const ALREADY_EXISTS = 36
const UNKNOWN_TOPIC = 3
const TOPIC_RESOURCE = 2
/** A new topic is known to all nodes only after a moment. */
const LOOK_AGAIN_MS = 50
const LOOKS_MAX = 200

/** What must hold of a setting, and how to say it. */
interface Rule {
  readonly setting: string
  readonly right: (value: string, replicas: number) => boolean
  readonly must: string
  readonly because: string
}

const RULES: readonly Rule[] = [
  {
    setting: 'cleanup.policy',
    right: (value) => value === 'delete',
    must: 'be delete',
    because: 'compaction would take records out of the log',
  },
  {
    setting: 'retention.ms',
    right: (value) => value === '-1',
    must: 'be -1',
    because: 'Kafka would delete messages that nobody has received',
  },
  {
    setting: 'retention.bytes',
    right: (value) => value === '-1',
    must: 'be -1',
    because: 'Kafka would delete messages that nobody has received',
  },
  {
    setting: 'min.insync.replicas',
    right: (value, replicas) => replicas === 1 || Number(value) >= 2,
    must: 'be at least 2',
    because: 'an acknowledged message could be on one Kafka node alone',
  },
  {
    setting: 'unclean.leader.election.enable',
    right: (value) => value === 'false',
    must: 'be false',
    because: 'a Kafka node that missed messages could become the leader',
  },
  {
    setting: 'max.message.bytes',
    right: (value) => Number(value) >= MESSAGE_BYTES_MIN,
    must: `be at least ${MESSAGE_BYTES_MIN}`,
    because: 'a large message would not fit',
  },
  {
    setting: 'compression.type',
    right: (value) => value === 'producer' || value === 'uncompressed',
    must: 'be producer',
    because: 'records are read back as they were written',
  },
]

/** What a topic for logs is made with. */
export const LOG_SETTINGS = {
  'cleanup.policy': 'delete',
  'retention.ms': '-1',
  'retention.bytes': '-1',
  'segment.bytes': String(KAFKA_SEGMENT_BYTES),
  'max.message.bytes': String(MESSAGE_BYTES),
  'unclean.leader.election.enable': 'false',
  'compression.type': 'producer',
}

/** Makes the topic if it is not there, and checks it if it is. Rejects with UnfitTopic. */
export async function ensureTopic(kafka: Kafka, name: string, partitions: number): Promise<Topic> {
  const there = await findTopic(kafka, name)
  const topic = there ?? (await createTopic(kafka, name, partitions, LOG_SETTINGS))
  await checkTopic(kafka, topic)
  return topic
}

/** Makes a topic for small records that are not kept for long, such as heartbeats, if it is not there. */
export async function ensurePassingTopic(kafka: Kafka, name: string, retentionMs: number): Promise<Topic> {
  const settings = { 'cleanup.policy': 'delete', 'retention.ms': String(retentionMs) }
  return (await findTopic(kafka, name)) ?? (await createTopic(kafka, name, 1, settings))
}

/** Undefined where there is none. */
async function findTopic(kafka: Kafka, name: string): Promise<Topic | undefined> {
  try {
    return await kafka.topic(name)
  } catch (error) {
    if (error instanceof KafkaError && error.code === UNKNOWN_TOPIC) return undefined
    throw error
  }
}

/** Replicated as far as there are nodes; what `settings` does not say is safe, or Kafka's default. */
export async function createTopic(
  kafka: Kafka,
  name: string,
  partitions: number,
  settings: Readonly<Record<string, string>>,
): Promise<Topic> {
  const api: Api<
    Parameters<typeof createTopicsV7.createRequest>,
    createTopicsV7.CreateTopicsResponse
  > = lenient(kafka.library, kafka.library.createTopicsV7)
  const replicas = Math.min(REPLICAS, await kafka.nodeCount())
  const safe = { ...settings, 'min.insync.replicas': String(Math.max(replicas - 1, 1)) }
  const configs = Object.entries(safe).map(([key, value]) => ({ name: key, value }))
  const wanted = { name, numPartitions: partitions, replicationFactor: replicas, assignments: [], configs }
  const { topics } = await kafka.ask('admin', api, [wanted], CREATE_MS, false)
  const { errorCode } = topics[0]!
  if (errorCode !== 0 && errorCode !== ALREADY_EXISTS)
    throw new KafkaError(errorCode, `creation of topic ${name}`)
  return awaitTopic(kafka, name)
}

async function awaitTopic(kafka: Kafka, name: string): Promise<Topic> {
  for (let looks = 0; ; looks++) {
    const topic = await findTopic(kafka, name)
    if (topic?.partitions.every(({ leader }) => leader !== undefined)) return topic
    if (looks === LOOKS_MAX) throw new KafkaError(UNKNOWN_TOPIC, `new topic ${name}`)
    kafka.forget(name)
    await pause(kafka.clock, LOOK_AGAIN_MS)
  }
}

async function checkTopic(kafka: Kafka, { name, partitions }: Topic): Promise<void> {
  const api: Api<
    Parameters<typeof describeConfigsV4.createRequest>,
    describeConfigsV4.DescribeConfigsResponse
  > = kafka.library.describeConfigsV4.api
  const keys = RULES.map(({ setting }) => setting)
  const asked = { resourceType: TOPIC_RESOURCE, resourceName: name, configurationKeys: keys } as const
  const { results } = await kafka.ask('admin', api, [asked], false, false)
  const values = new Map(results[0]!.configs.map((config) => [config.name, config.value ?? '']))
  const replicas = Math.min(...partitions.map((partition) => partition.replicas))
  for (const rule of RULES) {
    const value = values.get(rule.setting)
    if (value !== undefined && !rule.right(value, replicas)) throw new UnfitTopic(name, rule, value)
  }
}

/** The topic's settings would lose messages. */
export class UnfitTopic extends Error {
  readonly setting: string
  constructor(topic: string, { setting, must, because }: Rule, value: string) {
    super(
      `The Kafka topic ${topic} cannot hold a log: ${setting} is ${value} and must ${must}, or ${because}.`,
    )
    this.name = 'UnfitTopic'
    this.setting = setting
  }
}
