/**
 * What a user of the AWS SDK for JavaScript v3 has: single lifecycles, 50 in flight, through the real SDK. The SDK
 * needs far more time for a request than Pabal does, so this compares what is left.
 */

import { compare } from './measure/contestant.ts'
import { finish, parties, rowsBeside } from './measure/row.ts'
import { quick, roundMs, rounds, wanted } from './measure/settings.ts'
import { pabal } from './peers/pabal.ts'
import { elasticMq, fauxqs } from './peers/stand-ins.ts'

const CLIENT = new URL('./client/aws-sdk-client.ts', import.meta.url)

const others = [elasticMq(CLIENT), fauxqs(CLIENT)].filter(({ name }) => wanted(name))
const comparison = await compare([pabal({}, 'Pabal', CLIENT), ...others], {
  load: 'lifecycles',
  rounds,
  roundMs,
  quick,
})
const rows = rowsBeside('single lifecycles through the AWS SDK v3', comparison, () => undefined)
finish({ title: 'The real AWS SDK', rows, parties: parties(comparison), missing: comparison.missing })
