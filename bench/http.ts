/**
 * How much of a request is HTTP? Pabal's HTTP layer with nothing behind it, beside node:http and a bare socket: the
 * same POST of an AWS SDK, 50 in flight, one fixed answer.
 */

import { compare } from './measure/contestant.ts'
import { finish, parties, rowsBeside } from './measure/row.ts'
import { quick, roundMs, rounds } from './measure/settings.ts'
import { bareSocket, nodeHttp, pabalHttp } from './peers/limits.ts'

const comparison = await compare([pabalHttp, nodeHttp, bareSocket], { load: 'sends', rounds, roundMs, quick })
const rows = rowsBeside('HTTP layer alone, 50 in flight', comparison, () => undefined)
finish({ title: 'The HTTP layer alone', rows, parties: parties(comparison), missing: comparison.missing })
