/** Everybody that Pabal is measured beside, in the order of the table; `--only` leaves out the others. */

import type { Contestant } from '../measure/contestant.ts'
import { wanted } from '../measure/settings.ts'
import { bullMq } from './bullmq.ts'
import { natsJetStream } from './nats.ts'
import { pgBoss } from './pg-boss.ts'
import { rabbitMq } from './rabbitmq.ts'
import { elasticMq, fauxqs } from './stand-ins.ts'

/** Names of those that speak SQS and keep everything in memory. */
export const STAND_INS: ReadonlySet<string> = new Set([elasticMq().name, fauxqs().name])

export function peers(): readonly Contestant[] {
  return [rabbitMq(), bullMq(), natsJetStream(), pgBoss(), elasticMq(), fauxqs()].filter(({ name }) =>
    wanted(name),
  )
}
