/** What is where on the port. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Routes, router } from '../../src/http/routes.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { ourServer } from './echo.ts'
import { text } from './waiting.ts'

async function ask(routes: Partial<Routes>, path: string, method = 'GET'): Promise<[number, unknown]> {
  const clock = manualClock(1000)
  const all: Routes = { sqs: () => text('"sqs"'), healthy: () => true, clock, ...routes }
  await using server = await ourServer(router(all))
  const reply = await fetch(`http://127.0.0.1:${server.port}${path}`, { method })
  return [reply.status, JSON.parse(await reply.text())]
}

describe('The routes', () => {
  it('tell the health without credentials', async () => {
    assert.deepEqual(await ask({}, '/health'), [200, { status: 'ok' }])
    assert.deepEqual(await ask({ healthy: () => false }, '/health'), [503, { status: 'unavailable' }])
    assert.equal((await ask({}, '/health', 'POST'))[0], 405)
  })

  it('tell the time', async () => {
    assert.deepEqual(await ask({}, '/pabal/clock'), [200, { now: 1000 }])
  })

  it('move the test clock, and answer when everything has come to rest', async () => {
    const testClock = manualClock(1000)
    let settled = 0
    testClock.onAdvance(async () => void settled++)
    const routes = { clock: testClock, testClock }
    assert.deepEqual(await ask(routes, '/pabal/clock?advance=1m1s', 'POST'), [200, { now: 62_000 }])
    assert.ok(settled > 0)
  })

  it('refuse a length of time that is none', async () => {
    const testClock = manualClock(1000)
    for (const query of ['', '?advance=', '?advance=soon', '?advance=-1s', '?by=1s']) {
      const [status] = await ask({ clock: testClock, testClock }, `/pabal/clock${query}`, 'POST')
      assert.equal(status, 400)
    }
    assert.equal(testClock.now(), 1000)
  })

  it('do not move a clock that is not for tests', async () => {
    const [status, answer] = await ask({}, '/pabal/clock?advance=1s', 'POST')
    assert.equal(status, 403)
    assert.match(JSON.stringify(answer), /--test-clock/)
  })

  it('send everything else to SQS', async () => {
    for (const path of [
      '/',
      '/?Action=ListQueues',
      '/000000000000/orders',
      '/healthy',
      '/pabal/other',
      '/a/b/c',
    ]) {
      assert.deepEqual(await ask({}, path), [200, 'sqs'])
    }
  })
})
