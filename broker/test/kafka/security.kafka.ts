/** A real Kafka that is reached over TLS and wants a name and a secret. */

import { equal, match } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { pbkdf2Sync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import type { Api } from '../../src/log/kafka/kafka-node.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Program } from '../cli/program.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

const STORE_SECRET = 'store-secret'
const USER = 'pabal'
const SECRET = 'a secret'
/** Kafka's own nodes talk to each other in the clear, on a port of their own. */
const PLAIN_PORTS = 50
const SCRAM_SHA_512 = 2
const ITERATIONS = 4096

const directory = await mkdtemp(join(tmpdir(), 'pabal-tls-'))
after(() => rm(directory, { recursive: true, force: true }))
const authority = join(directory, 'ca.pem')
const store = join(directory, 'node.p12')
await makeCertificate()

const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER}="${SECRET}";`
const kafka = await realKafka({
  settings: (port) => [
    `listeners=SASL_SSL://127.0.0.1:${port},PLAINTEXT://127.0.0.1:${port + PLAIN_PORTS},CONTROLLER://127.0.0.1:${port + 100}`,
    `advertised.listeners=SASL_SSL://127.0.0.1:${port},PLAINTEXT://127.0.0.1:${port + PLAIN_PORTS}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL',
    'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512',
    `listener.name.sasl_ssl.plain.sasl.jaas.config=${login}`,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type=PKCS12',
    `ssl.keystore.location=${store}`,
    `ssl.keystore.password=${STORE_SECRET}`,
  ],
})

async function keytool(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('keytool', [
    ...args,
    '-keystore',
    store,
    '-storepass',
    STORE_SECRET,
  ])
  return stdout
}

async function makeCertificate(): Promise<void> {
  const name = ['-alias', 'node', '-dname', 'CN=localhost', '-ext', 'san=ip:127.0.0.1,dns:localhost']
  await keytool('-genkeypair', '-storetype', 'PKCS12', '-keyalg', 'EC', '-validity', '2', ...name)
  await writeFile(authority, await keytool('-exportcert', '-rfc', '-alias', 'node'))
}

/** A user by the port that asks for none. */
async function addScramUser(): Promise<void> {
  const [{ host, port } = { host: '', port: 0 }] = kafka.bootstrap
  const client = await openKafka({ bootstrap: [{ host, port: port + PLAIN_PORTS }], clock: systemClock() })
  const salt = Buffer.from('some salt')
  const saltedPassword = pbkdf2Sync(SECRET, salt, ITERATIONS, 64, 'sha512')
  const user = { name: USER, mechanism: SCRAM_SHA_512, iterations: ITERATIONS, salt, saltedPassword }
  const api: Api<[[], (typeof user)[]], unknown> = client.library.alterUserScramCredentialsV0.api
  await client.ask('admin', api, [], [user])
  await client.close()
}

function serve(flags: readonly string[], secret: string): Program {
  const log = `${kafka.url}/${newTopicName()}`
  const password = { PABAL_KAFKA_PASSWORD: secret }
  return Program.run(['serve', '--port', '0', '--log', log, '--queue', 'orders', ...flags], password)
}

describe('pabal serve --log with a Kafka that is secured', () => {
  const login = ['--kafka-sasl', 'plain', '--kafka-username', USER]

  it('speaks TLS and logs in', async () => {
    await using program = serve(['--kafka-ca', authority, ...login], SECRET)
    const url = await program.listens()
    const form = new URLSearchParams({ Action: 'SendMessage', MessageBody: 'hello' })
    equal((await fetch(`${url}/000000000000/orders`, { method: 'POST', body: form })).status, 200)
    equal((await program.stop()).code, 0)
  })

  it('logs in without saying its secret', async () => {
    await addScramUser()
    const scram = ['--kafka-sasl', 'scram-sha-512', '--kafka-username', USER]
    await using program = serve(['--kafka-ca', authority, ...scram], SECRET)
    await program.listens()
    equal((await program.stop()).code, 0)
  })

  it('does not start with a wrong secret, and says so', async () => {
    await using program = serve(['--kafka-ca', authority, ...login], 'another secret')
    equal((await program.ended).code, 1)
    match(program.stderr, /cannot be opened: .*authentication failed/i)
  })

  it('does not start where it does not trust the certificate, and says so', async () => {
    await using program = serve(['--kafka-tls', ...login], SECRET)
    equal((await program.ended).code, 1)
    match(program.stderr, /cannot be opened: .*self.signed certificate/)
  })
})
