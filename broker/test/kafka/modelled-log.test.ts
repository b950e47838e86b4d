/** The log on Kafka against the log's conformance suite, on a modelled partition. */

import { crc32c } from '@platformatic/kafka'
import { openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { conformance, type Subject, type SubjectOptions } from '../log/conformance.ts'
import { ModelledPartition } from './modelled-partition.ts'

async function open(model: ModelledPartition, options: SubjectOptions): Promise<Subject> {
  const claimant = { node: 'tester', address: '' }
  const log = await openKafkaLog({ partition: model.view(), claimant, crc32c, ...options })
  return {
    log,
    reopen: async () => {
      await log.close()
      return open(model, options)
    },
    dispose: () => log.close(),
  }
}

conformance('log on a modelled Kafka', (options) => open(new ModelledPartition(), options))
