/** How people are told where a log on Kafka is. */

import type { Config } from '../config.ts'
import { readKafkaAddress, showHostPort } from '../log/kafka/address.ts'

/** `the topic pabal of Kafka at host:port`. */
export function kafkaPlace({ log }: Pick<Config, 'log'>): string {
  const { bootstrap, topic } = readKafkaAddress(log)!
  return `the topic ${topic} of Kafka at ${bootstrap.map(showHostPort).join(', ')}`
}
