/**
 * `pabal serve`: opens the broker, puts it behind its port, and stops both when the process is told to. What
 * keeps it from starting becomes a Failure with one plain sentence (start-failure.ts).
 */

import { resolve } from 'node:path'
import { type Broker, openBroker } from '../broker.ts'
import type { Config } from '../config.ts'
import { creatingMissing } from '../create-missing.ts'
import { declareQueues } from '../declare-queues.ts'
import { router } from '../http/routes.ts'
import { type HttpServer, serveHttp } from '../http/server.ts'
import { isProblem } from '../queue/problem.ts'
import { isFifo } from '../queue-declarations.ts'
import { systemClock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { type ManualClock, manualClock } from '../runtime/manual-clock.ts'
import { pinoLogger } from '../runtime/pino-logger.ts'
import { systemRandom } from '../runtime/random.ts'
import { Unavailable } from '../shard/unavailable.ts'
import { sqsHandler } from '../sqs/service.ts'
import { greeting } from './greeting.ts'
import { kafkaPlace } from './kafka-place.ts'
import { directoryFailure, portFailure } from './start-failure.ts'

/** Of the two seconds within which a stop is done, what the answers under way may take. */
const GRACE_MS = 1500
const FIRST_QUEUE = 'first'
/** Each of them waits for a shard for some seconds (cluster/cluster.ts). */
const START_TRIES_MAX = 20

export interface Running {
  readonly port: number
  /** Answers what is under way, makes everything durable, gives the data directory back. */
  stop(): Promise<void>
}

/** `print` gets what a person wants to see; the log goes to standard error. */
export async function serve(config: Config, print: (text: string) => void): Promise<Running> {
  const machineClock = systemClock()
  const testClock = config['test-clock'] ? manualClock() : undefined
  const log = pinoLogger(config['log-level'], machineClock)
  const broker = await open(config, testClock, log)
  testClock?.onAdvance(() => broker.settled())
  try {
    const http = await start(config, broker, testClock, log)
    log.info('listening', {
      host: config.host,
      port: http.port,
      data: placeOf(config),
    })
    print(greeting(await facts(config, broker, http.port)))
    log.load()
    const stop = async (): Promise<void> => {
      log.info('stopping')
      // What other brokers take over is answered through them until then.
      await broker.handOver()
      await Promise.all([http.close(GRACE_MS), broker.close()])
      log.info('stopped')
      await log.flush()
    }
    return { port: http.port, stop }
  } catch (error) {
    await broker.close()
    throw error
  }
}

async function open(config: Config, testClock: ManualClock | undefined, log: Logger): Promise<Broker> {
  const clock = testClock ?? systemClock()
  const common = { clock, random: systemRandom, log, awsWaits: config['aws-waits'] }
  if (config.memory) return openBroker({ storage: 'memory', ...common })
  if (config.log !== '') {
    // Whoever has no Kafka does not wait for what speaks with it to load.
    const { openOnKafka } = await import('./kafka-storage.ts')
    return openOnKafka(config, common)
  }
  try {
    return await openBroker({ directory: config.data, ...common })
  } catch (cause) {
    throw directoryFailure(resolve(config.data), cause)
  }
}

async function start(
  config: Config,
  broker: Broker,
  testClock: ManualClock | undefined,
  log: Logger,
): Promise<HttpServer> {
  const { account, region, host, port } = config
  const arnOf = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`
  await whenAvailable(() => declareQueues(broker.submit, config.queues, arnOf))
  const publicUrl = config['public-url']
  const settings = { account, region, ...(publicUrl === '' ? {} : { publicUrl }) }
  const submit = config['create-missing'] ? creatingMissing(broker.submit) : broker.submit
  const sqs = sqsHandler({ submit, settings, random: systemRandom, log })
  const clock = systemClock()
  const handler = router({ sqs, healthy: () => broker.healthy, clock: testClock ?? clock, testClock })
  try {
    return await serveHttp({ handler, host, port, clock, log })
  } catch (cause) {
    throw portFailure(host, port, cause)
  }
}

async function facts(config: Config, broker: Broker, port: number): Promise<Parameters<typeof greeting>[0]> {
  const { host, account, region } = config
  const present = await whenAvailable(async () => {
    const listed = await broker.submit({ kind: 'listQueues', prefix: '', limit: 100 })
    return isProblem(listed) ? [] : listed.names
  })
  // What was asked for by name is what its owner wants to see.
  const name = [...config.queues.keys(), ...present].find((candidate) => !isFifo(candidate))
  const queue = { name: name ?? FIRST_QUEUE, exists: name !== undefined }
  return { port, host, place: placeOf(config), account, region, queue, testClock: config['test-clock'] }
}

/** In a cluster that starts, or has just lost a broker, shards are still on their way: it goes on when they are there. */
async function whenAvailable<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Unavailable) || tries === START_TRIES_MAX) throw error
    }
  }
}

function placeOf(config: Config): string | undefined {
  if (config.memory) return undefined
  return config.log === '' ? resolve(config.data) : kafkaPlace(config)
}
