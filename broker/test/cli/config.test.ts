/** Options from flags, the environment and a file, and what is said when they are wrong. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { help } from '../../src/cli/help.ts'
import { type Config, loadConfig, OPTION_NAMES, OPTIONS } from '../../src/config.ts'
import { EXIT, Failure } from '../../src/failure.ts'
import { temporaryDirectory } from './program.ts'

/** Writes the file and loads it with the flags. */
async function withFile(text: string, flags: readonly string[] = [], name = 'pabal.yaml'): Promise<Config> {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, name)
  await writeFile(path, text)
  return await loadConfig(['--config', path, ...flags], {})
}

/** The one sentence that a mistake is answered with, without the path of the file. */
async function sentence(loading: Promise<Config>, exitCode: number = EXIT.configuration): Promise<string> {
  const error = await loading.then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof Failure, String(error))
  assert.equal(error.exitCode, exitCode)
  assert.doesNotMatch(error.message, /\n/)
  return error.message.replace(/\S*\/pabal\.(yaml|json)/, 'FILE')
}

describe('The configuration', () => {
  it('has defaults that everyone of the options accepts', async () => {
    const config = await loadConfig([], {})
    assert.equal(config.port, 9324)
    assert.equal(config.host, 'localhost')
    assert.equal(config.data, './pabal-data')
    assert.equal(config.account, '000000000000')
    assert.equal(config.queues.size, 0)
  })

  it('takes a flag before the environment, that before the file, that before the default', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'pabal.yaml')
    await writeFile(path, 'port: 1\nregion: eu-west-1\naccount: "000000000001"\n')
    const config = await loadConfig(['--port', '3'], {
      PABAL_CONFIG: path,
      PABAL_PORT: '2',
      PABAL_REGION: 'eu-west-2',
    })
    assert.equal(config.port, 3)
    assert.equal(config.region, 'eu-west-2')
    assert.equal(config.account, '000000000001')
    assert.equal(config.host, 'localhost')
  })

  it('reads flags with and without equals sign, and truth values alone', async () => {
    const config = await loadConfig(
      ['--port=5', '--memory', '--test-clock=false', '--queue', 'a', '--queue=b.fifo'],
      {},
    )
    assert.equal(config.port, 5)
    assert.equal(config.memory, true)
    assert.equal(config['test-clock'], false)
    assert.deepEqual(config.queue, ['a', 'b.fifo'])
    assert.deepEqual([...config.queues.keys()], ['a', 'b.fifo'])
  })

  it('reads every option from the environment', async () => {
    const config = await loadConfig([], {
      PABAL_QUEUE: 'a, b',
      PABAL_AWS_WAITS: '1',
      PABAL_LOG_LEVEL: 'debug',
      PABAL_HOST: '',
    })
    assert.deepEqual(config.queue, ['a', 'b'])
    assert.equal(config['aws-waits'], true)
    assert.equal(config['log-level'], 'debug')
    assert.equal(config.host, 'localhost')
  })

  it('is not confused by what Kubernetes sets for a service that is called pabal', async () => {
    const config = await loadConfig([], { PABAL_PORT: 'tcp://10.0.0.1:9324', PABAL_SERVICE_HOST: '10.0.0.1' })
    assert.equal(config.port, 9324)
  })

  it('reads queues from YAML and JSON, in any order', async () => {
    const yaml = `
queues:
  orders:
    attributes: { VisibilityTimeout: 60, Policy: { Version: "2012-10-17" } }
    tags: { team: shop, floor: 3 }
    deadLetter: { queue: orders-failed, maxReceiveCount: 5 }
  orders-failed:
`
    const json = JSON.stringify({
      queues: {
        orders: {
          attributes: { VisibilityTimeout: '60', Policy: '{"Version":"2012-10-17"}' },
          tags: { team: 'shop', floor: '3' },
          deadLetter: { queue: 'orders-failed', maxReceiveCount: 5 },
        },
        'orders-failed': {},
      },
    })
    const [fromYaml, fromJson] = [await withFile(yaml), await withFile(json, [], 'pabal.json')]
    assert.deepEqual(fromYaml.queues, fromJson.queues)
    assert.deepEqual(fromYaml.queues.get('orders'), {
      attributes: { VisibilityTimeout: '60', Policy: '{"Version":"2012-10-17"}' },
      tags: { team: 'shop', floor: '3' },
      deadLetter: { queue: 'orders-failed', maxReceiveCount: 5 },
    })
  })

  it('lets a declaration stand beside a flag for the same queue', async () => {
    const config = await withFile('queues: { a: { attributes: { DelaySeconds: 1 } } }', [
      '--queue',
      'a',
      '--queue',
      'b',
    ])
    assert.deepEqual(config.queues.get('a')?.attributes, { DelaySeconds: '1' })
    assert.deepEqual(config.queues.get('b')?.attributes, {})
  })

  it('takes an empty file for no file', async () => {
    assert.equal((await withFile('')).port, 9324)
    assert.equal((await withFile('queues:\n')).queues.size, 0)
  })

  it('takes an account without quotes', async () => {
    assert.equal((await withFile('account: 000000000012')).account, '000000000012')
  })

  const flags: Readonly<Record<string, readonly string[]>> = {
    'There is no option --prot: did you mean --port? "pabal --help" lists them all.': ['--prot', '1'],
    'There is no option --frobnicate. "pabal --help" lists them all.': ['--frobnicate'],
    '"orders" is not an option: options begin with "--". "pabal --help" lists them all.': ['orders'],
    '--port needs a value: a port number from 0 to 65535. "pabal --help" lists them all.': ['--port'],
    '--port is given twice. "pabal --help" lists them all.': ['--port', '1', '--port', '2'],
    '--port must be a port number from 0 to 65535, not "65536".': ['--port', '65536'],
    '--memory must be true or false, not "maybe".': ['--memory=maybe'],
    '--account must be twelve digits, not "123".': ['--account', '123'],
    '--public-url must be an http or https URL without query, not "localhost:9324".': [
      '--public-url',
      'localhost:9324',
    ],
    '--log-level must be one of debug, info, warn, error, silent, not "loud".': ['--log-level', 'loud'],
    '--queue must be a queue name: 1 to 80 letters, digits, "-" and "_", with ".fifo" at its end for a FIFO queue, not "a b".':
      ['--queue', 'a b'],
  }
  for (const [expected, args] of Object.entries(flags)) {
    it(`refuses ${args.join(' ')}`, async () => {
      assert.equal(await sentence(loadConfig(args, {}), EXIT.usage), expected)
    })
  }

  it('refuses a bad variable by its name', async () => {
    const told = await sentence(loadConfig([], { PABAL_TEST_CLOCK: 'yes please' }))
    assert.equal(told, 'PABAL_TEST_CLOCK must be true or false, not "yes please".')
  })

  const files: Readonly<Record<string, string>> = {
    'FILE has the unknown key "prot": did you mean port?': 'prot: 1',
    'FILE has the unknown key "quues": did you mean queues?': 'quues: {}',
    'FILE has the unknown key "config": "pabal --help" lists what there is.': 'config: other.yaml',
    'FILE must be a map of options to values.': '- 1',
    'FILE: port must be a port number from 0 to 65535, not "high".': 'port: high',
    'FILE: memory must be true or false, not "7".': 'memory: 7',
    'FILE: queues must be a map of names to values.': 'queues: [a, b]',
    'FILE: "a b" is not a queue name: 1 to 80 letters, digits, "-" and "_", with ".fifo" at its end for a FIFO queue.':
      'queues: { a b: {} }',
    'FILE: queues.a must be a map of names to values.': 'queues: { a: 5 }',
    'FILE: queues.a has the unknown key "attribute": did you mean attributes?':
      'queues: { a: { attribute: {} } }',
    'FILE: queues.a has the unknown key "fifo": known are attributes, tags, deadLetter.':
      'queues: { a: { fifo: true } }',
    'FILE: queues.a.attributes: Unknown Attribute VisibilityTimeOut.':
      'queues: { a: { attributes: { VisibilityTimeOut: 1 } } }',
    'FILE: queues.a.attributes: Invalid value for the parameter VisibilityTimeout.':
      'queues: { a: { attributes: { VisibilityTimeout: -1 } } }',
    'FILE: queues.a.attributes.DelaySeconds must be a text, a number or a map.':
      'queues: { a: { attributes: { DelaySeconds: [1] } } }',
    'FILE: queues.a.attributes: Unknown Attribute ContentBasedDeduplication.':
      'queues: { a: { attributes: { ContentBasedDeduplication: true } } }',
    "FILE: queues.a.tags: Tag 'pabal:on-exhausted' must be one of dead-letter, discard, not 'explode'.":
      'queues: { a: { tags: { "pabal:on-exhausted": explode } } }',
    'FILE: queues.a.deadLetter.queue must be a queue name: 1 to 80 letters, digits, "-" and "_", with ".fifo" at its end for a FIFO queue.':
      'queues: { a: { deadLetter: { maxReceiveCount: 1 } } }',
    'FILE: queues.a.deadLetter.maxReceiveCount must be a whole number from 1 to 1000.':
      'queues: { a: { deadLetter: { queue: b } } }',
    'FILE: queues.a.deadLetter has the unknown key "max": known are queue, maxReceiveCount.':
      'queues: { a: { deadLetter: { queue: b, max: 1 } } }',
    'FILE: queues.a cannot be its own dead-letter queue.':
      'queues: { a: { deadLetter: { queue: a, maxReceiveCount: 1 } } }',
    "FILE: queues.a.deadLetter: a FIFO queue's dead-letter queue is a FIFO queue, a standard queue's is not.":
      'queues: { a: { deadLetter: { queue: b.fifo, maxReceiveCount: 1 } } }',
    'FILE: queues.a has both a deadLetter and a RedrivePolicy: one of them must go.':
      'queues: { a: { attributes: { RedrivePolicy: {} }, deadLetter: { queue: b, maxReceiveCount: 1 } } }',
    'The config file FILE is malformed: Map keys must be unique at line 2, column 1.': 'port: 1\nport: 2\n',
  }
  for (const [expected, text] of Object.entries(files)) {
    it(`refuses a file that says ${JSON.stringify(text)}`, async () => {
      assert.equal(await sentence(withFile(text)), expected)
    })
  }

  it('refuses a file that is not there, or not JSON', async () => {
    const missing = await sentence(loadConfig(['--config', '/nowhere/pabal.yaml'], {}))
    assert.equal(missing, 'The config file FILE cannot be read: ENOENT: no such file or directory.')
    assert.match(
      await sentence(withFile('{"port": 1', [], 'pabal.json')),
      /^The config file FILE is malformed: /,
    )
  })

  it('is explained by the help, every option with its default', () => {
    const text = help()
    for (const name of OPTION_NAMES) assert.match(text, new RegExp(`^  --${name}\\b`, 'm'))
    for (const { shown } of Object.values(OPTIONS))
      if (shown !== undefined) assert.ok(text.includes(`(default: ${shown})`))
    for (const line of text.split('\n')) assert.ok(line.length <= 110, line)
  })
})
