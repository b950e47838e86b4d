/**
 * How near do single sends over HTTP, each answered after fdatasync, come to what this machine's sockets can do?
 * 50 in flight, 200-byte bodies, beside a node:http hello-world POST and a bare socket with a fixed answer.
 */

import { compare } from './measure/contestant.ts'
import { atLeast, finish, parties, rowsBeside } from './measure/row.ts'
import { quick, roundMs, rounds } from './measure/settings.ts'
import { bareSocket, nodeHttp } from './peers/limits.ts'
import { pabal } from './peers/pabal.ts'

const comparison = await compare([pabal(), nodeHttp, bareSocket], { load: 'sends', rounds, roundMs, quick })
const rows = rowsBeside('single sends, 50 in flight', comparison, (name) =>
  atLeast(name === bareSocket.name ? 0.5 : 1.3),
)
finish({ title: 'Single sends over HTTP', rows, parties: parties(comparison), missing: comparison.missing })
