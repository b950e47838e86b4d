/** Opens a directory once, as a broker or as mere bytes, and prints how long that took: `open.ts broker | read DIRECTORY`. */

import { openBroker } from '../../broker/src/pabal.ts'
import { readAndChecksum } from './disk.ts'

const [, , what, directory = ''] = process.argv

if (what === 'read') {
  console.log(JSON.stringify(readAndChecksum(directory)))
} else {
  const startedAt = performance.now()
  const broker = await openBroker({ directory })
  console.log(JSON.stringify({ seconds: (performance.now() - startedAt) / 1000, bytes: 0 }))
  await broker.close()
}
