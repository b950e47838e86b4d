/** RabbitMQ with a quorum queue, on one node: a publisher's confirm comes after fsync. */

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { start, stop } from '../measure/child.ts'
import { type Contestant, type Running, Unavailable } from '../measure/contestant.ts'
import { debianPackages, npmPackages } from './cache.ts'
import { freePort, serve } from './serve.ts'

const AMQPLIB_VERSION = '2.3.1'
const CLIENT = new URL('./rabbitmq-client.ts', import.meta.url)
const HOME = 'usr/lib/rabbitmq/lib'

export function rabbitMq(): Contestant {
  return {
    name: 'RabbitMQ quorum queue',
    durability: 'publisher confirms after fsync, consumer acks',
    warmUpMs: 4000,
    start: startRabbitMq,
  }
}

async function startRabbitMq(): Promise<Running> {
  const packages = npmPackages(`amqplib@${AMQPLIB_VERSION}`)
  const root = debianPackages('rabbitmq-server')
  moveErlang(root)
  const directory = readdirSync(join(root, HOME)).find((name) => name.startsWith('rabbitmq_server-'))
  if (directory === undefined) throw new Unavailable('the Debian package has another layout')
  const home = join(root, HOME, directory)
  // Erlang's name server would stay behind as a daemon: this one is ours to stop.
  const namePort = await freePort()
  const distributionPort = await freePort()
  const epmd = start({
    role: 'broker',
    command: join(root, 'usr/lib/erlang/bin/epmd'),
    args: ['-port', String(namePort), '-address', '127.0.0.1'],
  })
  try {
    const running = await serve({
      version: `${directory.split('-')[1]}, amqplib ${AMQPLIB_VERSION}`,
      server: (folder, port) => ({
        command: join(home, 'sbin/rabbitmq-server'),
        args: [],
        env: environment(root, home, folder, port, namePort, distributionPort),
      }),
      client: CLIENT,
      settings: { packages },
    })
    const dispose = async (): Promise<void> => {
      await running[Symbol.asyncDispose]()
      await stop(epmd)
    }
    return { ...running, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await stop(epmd)
    throw error
  }
}

function environment(
  root: string,
  home: string,
  folder: string,
  port: number,
  namePort: number,
  distributionPort: number,
): Readonly<Record<string, string>> {
  writeFileSync(join(folder, 'plugins'), '[].')
  return {
    PATH: `${join(root, 'usr/lib/erlang/bin')}:${process.env['PATH']}`,
    HOME: folder,
    RABBITMQ_HOME: home,
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
    RABBITMQ_NODE_PORT: String(port),
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_MNESIA_BASE: folder,
    RABBITMQ_LOG_BASE: folder,
    RABBITMQ_CONF_ENV_FILE: join(folder, 'none'),
    RABBITMQ_CONFIG_FILE: join(folder, 'none'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    ERL_EPMD_PORT: String(namePort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
  }
}

/** Debian's `erl` names the place where it is installed. */
function moveErlang(root: string): void {
  const path = join(root, 'usr/lib/erlang/bin/erl')
  const script = readFileSync(path, 'utf8')
  const moved = script.replaceAll('ROOTDIR=/usr/lib/erlang', `ROOTDIR=${join(root, 'usr/lib/erlang')}`)
  if (moved !== script) writeFileSync(path, moved)
  execFileSync('chmod', ['+x', path])
}
