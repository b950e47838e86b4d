/** A process that takes a directory's lock, says so, and holds it until it is killed (directory-lock.test.ts). */

import { lockDirectory } from '../../src/runtime/directory-lock.ts'

try {
  await lockDirectory(process.argv[2]!)
  console.log('held')
} catch (error) {
  console.log(error instanceof Error ? error.message : error)
}
// Standard input stays open for as long as the test does: nobody is left behind when it dies.
process.stdin.resume()
