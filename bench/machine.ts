/**
 * What can this machine do at all? Requests a second of a bare socket and of node:http, one write and fdatasync of a
 * small and of a large block, reading and checksumming files. Everything else in bench/ is to be read beside these.
 */

import { scratch } from './measure/child.ts'
import { compare } from './measure/contestant.ts'
import { readAndChecksum, syncTimes, writeFiles } from './measure/disk.ts'
import { count, finish, parties, type Row, rateText } from './measure/row.ts'
import { quick, roundMs, rounds } from './measure/settings.ts'
import { summary } from './measure/statistics.ts'
import { bareSocket, nodeHttp } from './peers/limits.ts'

const SYNCS = quick ? 200 : 1000
const FILE_BYTES = 256 * 2 ** 20

using folder = scratch()
const comparison = await compare([nodeHttp, bareSocket], { load: 'sends', rounds, roundMs, quick })
const rows: Row[] = comparison.results.map((result) => ({
  what: `${result.name}, 50 in flight`,
  ours: '',
  beside: rateText(result),
}))
for (const bytes of [512, 64 * 1024]) rows.push(await syncRow(bytes))
rows.push(checksumRow())
finish({ title: "The machine's limits", rows, parties: parties(comparison), missing: comparison.missing })

async function syncRow(bytes: number): Promise<Row> {
  const appended = summary(await syncTimes(folder.path, bytes, SYNCS, false))
  const reserved = summary(await syncTimes(folder.path, bytes, SYNCS, true))
  return {
    what: `one write of ${count(bytes)} bytes and fdatasync, ${SYNCS} of them`,
    ours: '',
    beside: `${appended.median.toFixed(2)} ms appending, ${reserved.median.toFixed(2)} ms into allocated space (medians)`,
  }
}

function checksumRow(): Row {
  writeFiles(folder.path, FILE_BYTES)
  const seconds = Array.from({ length: rounds }, () => readAndChecksum(folder.path).seconds)
  const speed = summary(seconds.map((value) => FILE_BYTES / value / 1e9))
  return {
    what: 'reading files of the page cache and taking their CRC-32',
    ours: '',
    beside: `${speed.median.toFixed(2)} GB/s (${speed.lowest.toFixed(2)}–${speed.highest.toFixed(2)})`,
  }
}
