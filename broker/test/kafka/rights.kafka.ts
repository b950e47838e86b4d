/** A real Kafka that lets users do what they were given the right to do, and nothing else: what the documentation says is needed is enough. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { createAclsV3 } from '@platformatic/kafka'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import type { Api } from '../../src/log/kafka/kafka-node.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Program } from '../cli/program.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

const USER = 'pabal'
const SECRET = 'a secret'
/** Here nobody says who he is, and may do anything. */
const OPEN_PORTS = 50

type Acl = createAclsV3.CreateAclsRequest[0][number]

// As Kafka's protocol numbers them.
const TOPIC = 2
const PREFIXED = 4
const ALLOW = 3
const RIGHTS = { read: 3, write: 4, create: 5, delete: 6, describe: 8, describeConfigs: 10 } as const

const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${USER}="${SECRET}";`
const kafka = await realKafka({
  settings: (port) => [
    `listeners=SASL_PLAINTEXT://127.0.0.1:${port},PLAINTEXT://127.0.0.1:${port + OPEN_PORTS},CONTROLLER://127.0.0.1:${port + 100}`,
    `advertised.listeners=SASL_PLAINTEXT://127.0.0.1:${port},PLAINTEXT://127.0.0.1:${port + OPEN_PORTS}`,
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT',
    'sasl.enabled.mechanisms=PLAIN',
    `listener.name.sasl_plaintext.plain.sasl.jaas.config=${login}`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS',
  ],
})

/** On the topic, and on the others whose names begin like it. */
async function grantAll(topic: string): Promise<void> {
  const [{ host, port } = { host: '', port: 0 }] = kafka.bootstrap
  const client = await openKafka({ bootstrap: [{ host, port: port + OPEN_PORTS }], clock: systemClock() })
  const api: Api<[Acl[]], createAclsV3.CreateAclsResponse> = client.library.createAclsV3.api
  const { results } = await client.ask(
    'admin',
    api,
    Object.values(RIGHTS).map((operation) => ({
      resourceType: TOPIC,
      resourceName: topic,
      resourcePatternType: PREFIXED,
      principal: `User:${USER}`,
      host: '*',
      operation,
      permissionType: ALLOW,
    })),
  )
  deepEqual(new Set(results.map(({ errorCode }) => errorCode)), new Set([0]))
  await client.close()
}

function serve(topic: string): Program {
  const flags = ['--log', `${kafka.url}/${topic}`, '--kafka-sasl', 'plain', '--kafka-username', USER]
  return Program.run(['serve', '--port', '0', '--queue', 'orders', ...flags], {
    PABAL_KAFKA_PASSWORD: SECRET,
  })
}

async function ask(url: string, form: Record<string, string>): Promise<string> {
  const reply = await fetch(`${url}/000000000000/orders`, { method: 'POST', body: new URLSearchParams(form) })
  return reply.text()
}

describe('pabal serve --log with a Kafka that asks for rights', () => {
  it('has enough with those that are documented', async () => {
    const topic = newTopicName()
    await grantAll(topic)
    await using program = serve(topic)
    const url = await program.listens()
    match(await ask(url, { Action: 'SendMessage', MessageBody: 'hello' }), /<MessageId>/)
    match(await ask(url, { Action: 'ReceiveMessage' }), /<Body>hello<\/Body>/)
    equal((await program.stop()).code, 0)
    await using again = serve(topic)
    await again.listens()
    equal((await again.stop()).code, 0)
  })

  it('does not start without them, and says so', async () => {
    await using program = serve(newTopicName())
    equal((await program.ended).code, 1)
    match(program.stderr, /cannot be opened: .*authoriz/i)
  })
})
