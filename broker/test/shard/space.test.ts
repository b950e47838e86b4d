/** The short form of `npm run lab:space`: a week in fast motion on a simulated disk, with small segments. */

import { ok } from 'node:assert/strict'
import { it } from 'node:test'
import { passWeek } from '../../../lab/week.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { countingRandom, openSimLog } from '../support/sim-log.ts'

const SEGMENT_BYTES = 64 * 1024

it('a week of traffic leaves no more on the disk than twice what lives and a constant', async () => {
  const disk = new SimDisk()
  let most = 0
  const { last } = await passWeek({
    messages: 100_000,
    backlog: 500,
    deadLetters: 100,
    bodyBytes: 200,
    segmentBytes: SEGMENT_BYTES,
    otherBytes: 0,
    roundMessages: 500,
    random: countingRandom(),
    openLog: () => openSimLog(disk, { segmentBytesMax: SEGMENT_BYTES }),
    usedBytes: () => disk.usedBytes,
    report: ({ segments }) => {
      most = Math.max(most, segments)
    },
  })
  ok(last.usedBytes < 2 * last.liveBytes + 5 * SEGMENT_BYTES)
  ok(most < 12, `${most} segments at once`)
})
