/** `kafka://…` as `--log` takes it. */

import { deepEqual, equal } from 'node:assert/strict'
import { it } from 'node:test'
import { readHostPort, readKafkaAddress, showHostPort } from '../../src/log/kafka/address.ts'

it('the address of a log names nodes and a topic, both with defaults', () => {
  deepEqual(readKafkaAddress('kafka://one:1,two'), {
    bootstrap: [
      { host: 'one', port: 1 },
      { host: 'two', port: 9092 },
    ],
    topic: 'pabal',
  })
  deepEqual(readKafkaAddress('kafka://[::1]:9093/orders.log'), {
    bootstrap: [{ host: '::1', port: 9093 }],
    topic: 'orders.log',
  })
  equal(readKafkaAddress('kafka://one/')?.topic, 'pabal')
})

it('whatever is none is refused', () => {
  const wrong = [
    '',
    'kafka://',
    'http://one:1',
    'kafka://one:0',
    'kafka://one:70000',
    'kafka://one,',
    'kafka:one',
  ]
  for (const text of [
    ...wrong,
    'kafka://one/a/b',
    'kafka://one/..',
    'kafka://one/a b',
    `kafka://one/${'x'.repeat(250)}`,
  ])
    equal(readKafkaAddress(text), undefined, text)
})

it('a node is shown as it is given', () => {
  equal(showHostPort({ host: '::1', port: 9092 }), '[::1]:9092')
  equal(showHostPort({ host: 'one', port: 9092 }), 'one:9092')
})

it('an address by itself needs its port', () => {
  deepEqual(readHostPort('0.0.0.0:9400'), { host: '0.0.0.0', port: 9400 })
  deepEqual(readHostPort('[::]:9400'), { host: '::', port: 9400 })
  for (const text of ['', '0.0.0.0', ':9400', 'one:0', 'one:two']) equal(readHostPort(text), undefined, text)
})
