/**
 * Every option of `pabal serve`, declared once: its flag, its environment variable (`PABAL_` and the name in
 * capitals), its key in a config file (the name), what it takes, its default and its line of help. A flag counts
 * before the environment, that before the file, that before the default.
 *
 * This is the only file that looks at the environment.
 */

import { readConfigFile } from './config-file.ts'
import { EXIT, Failure } from './failure.ts'
import { readHostPort, readKafkaAddress } from './log/kafka/address.ts'
import { SASL_MECHANISMS, type SaslMechanism } from './log/kafka/security.ts'
import { nearest } from './nearest.ts'
import {
  PLAIN_QUEUE,
  QUEUE_NAME_EXPECTS,
  type QueueDeclarations,
  readQueueName,
} from './queue-declarations.ts'
import { LOG_LEVELS, type LogLevel } from './runtime/logger.ts'

/** What every option is set to, under its name. */
export interface Options {
  readonly port: number
  readonly host: string
  readonly data: string
  readonly memory: boolean
  readonly log: string
  readonly 'kafka-tls': boolean
  readonly 'kafka-ca': string
  readonly 'kafka-cert': string
  readonly 'kafka-key': string
  readonly 'kafka-sasl': SaslMechanism | ''
  readonly 'kafka-username': string
  readonly 'kafka-password': string
  readonly shards: number
  readonly 'peer-host': string
  readonly 'peer-port': number
  readonly 'peer-listen': string
  readonly 'cluster-secret': string
  readonly queue: readonly string[]
  readonly 'create-missing': boolean
  readonly account: string
  readonly region: string
  readonly 'public-url': string
  readonly config: string
  readonly 'aws-waits': boolean
  readonly 'test-clock': boolean
  readonly 'log-level': LogLevel
}

export interface Config extends Options {
  /** From the config file, and from `queue`, whose queues have every default. */
  readonly queues: QueueDeclarations
}

export interface Option<Value> {
  /** Stands for the value in the help; absent for a flag that needs none. */
  readonly placeholder?: string
  readonly default: Value
  /** As the help shows the default; absent where there is none to speak of. */
  readonly shown?: string
  /** "--port must be …" */
  readonly expects: string
  readonly help: string
  /** May be given several times, separated by commas in the environment, as a list in the file. */
  readonly repeatable?: true
  /** From text, or from a file's number, truth value or list. Undefined: it is not what `expects` says. */
  readonly read: (value: unknown) => Value | undefined
}

export const OPTIONS: { readonly [Name in keyof Options]: Option<Options[Name]> } = {
  port: {
    placeholder: 'PORT',
    default: 9324,
    shown: '9324',
    expects: 'a port number from 0 to 65535',
    help: 'port to listen on; 0 takes any free one',
    read: (value) => readWhole(value, 0, 65_535),
  },
  host: {
    placeholder: 'HOST',
    default: 'localhost',
    shown: 'localhost',
    expects: 'a host name or an IP address',
    help: 'address to listen on; 0.0.0.0 opens it to the network',
    read: (value) => readText(value, /^[\w.:%-]+$/),
  },
  data: {
    placeholder: 'DIRECTORY',
    default: './pabal-data',
    shown: './pabal-data',
    expects: 'a directory',
    help: 'where queues and messages are kept',
    read: (value) => readText(value, /./),
  },
  memory: {
    default: false,
    expects: 'true or false',
    help: 'keep everything in memory and nothing on disk',
    read: readTruth,
  },
  log: {
    placeholder: 'URL',
    default: '',
    expects: 'kafka://HOST:PORT,HOST:PORT/TOPIC',
    help: 'keep everything in Apache Kafka: kafka://HOST:PORT,HOST:PORT/TOPIC',
    read: (value) => (typeof value === 'string' && readKafkaAddress(value) !== undefined ? value : undefined),
  },
  'kafka-tls': {
    default: false,
    expects: 'true or false',
    help: 'speak TLS with Kafka',
    read: readTruth,
  },
  'kafka-ca': {
    placeholder: 'FILE',
    default: '',
    expects: 'a file',
    help: "PEM file with the authority of Kafka's certificates; turns TLS on",
    read: (value) => readText(value, /./),
  },
  'kafka-cert': {
    placeholder: 'FILE',
    default: '',
    expects: 'a file',
    help: 'PEM file with the certificate to show to Kafka; turns TLS on',
    read: (value) => readText(value, /./),
  },
  'kafka-key': {
    placeholder: 'FILE',
    default: '',
    expects: 'a file',
    help: 'PEM file with the key of that certificate',
    read: (value) => readText(value, /./),
  },
  'kafka-sasl': {
    placeholder: 'MECHANISM',
    default: '',
    expects: `one of ${SASL_MECHANISMS.join(', ')}`,
    help: `how to log in to Kafka: ${SASL_MECHANISMS.join(', ')}`,
    read: (value) => SASL_MECHANISMS.find((mechanism) => mechanism === String(value).toUpperCase()),
  },
  'kafka-username': {
    placeholder: 'NAME',
    default: '',
    expects: 'a name',
    help: 'who logs in to Kafka',
    read: (value) => readText(value, /./),
  },
  'kafka-password': {
    placeholder: 'SECRET',
    default: '',
    expects: 'a secret',
    help: 'with which secret; better said in the environment or the config file',
    read: (value) => readText(value, /./),
  },
  shards: {
    placeholder: 'COUNT',
    default: 12,
    shown: '12',
    expects: 'a whole number from 1 to 1000',
    help: 'partitions of a topic that is made; what is there keeps its number',
    read: (value) => readWhole(value, 1, 1000),
  },
  'peer-host': {
    placeholder: 'HOST',
    default: '127.0.0.1',
    shown: '127.0.0.1',
    expects: 'a host name or an IP address',
    help: 'address at which the other brokers reach this one',
    read: (value) => readText(value, /^[\w.:%-]+$/),
  },
  'peer-port': {
    placeholder: 'PORT',
    default: 0,
    shown: 'any free one',
    expects: 'a port number from 0 to 65535',
    help: 'and its port; 0 takes any free one',
    read: (value) => readWhole(value, 0, 65_535),
  },
  'peer-listen': {
    placeholder: 'HOST:PORT',
    default: '',
    expects: 'a host name or an IP address, a colon and a port number',
    help: 'where to listen for them, if not there: in a container, behind NAT',
    read: (value) => (typeof value === 'string' && readHostPort(value) !== undefined ? value : undefined),
  },
  'cluster-secret': {
    placeholder: 'SECRET',
    default: '',
    expects: 'a secret of at least 16 characters',
    help: 'by which brokers know each other; better said in the environment',
    read: (value) => readText(value, /^.{16,}$/),
  },
  queue: {
    placeholder: 'NAME',
    default: [],
    repeatable: true,
    expects: QUEUE_NAME_EXPECTS,
    help: 'create this queue if it is missing; repeatable; NAME.fifo makes a FIFO queue',
    read: readNames,
  },
  'create-missing': {
    default: false,
    expects: 'true or false',
    help: 'create a queue when a message is sent to a missing one',
    read: readTruth,
  },
  account: {
    placeholder: 'ID',
    default: '000000000000',
    shown: '000000000000',
    expects: 'twelve digits',
    help: 'account in queue URLs and ARNs, twelve digits',
    // An unquoted account of a YAML file is a number without its leading zeros.
    read: (value) =>
      readText(typeof value === 'number' ? String(value).padStart(12, '0') : value, /^\d{12}$/),
  },
  region: {
    placeholder: 'REGION',
    default: 'us-east-1',
    shown: 'us-east-1',
    expects: 'a region such as eu-west-1',
    help: 'region in ARNs for requests that are not signed',
    read: (value) => readText(value, /^[a-z][a-z0-9-]{0,63}$/),
  },
  'public-url': {
    placeholder: 'URL',
    default: '',
    expects: 'an http or https URL without query',
    help: "what queue URLs begin with, instead of the request's Host header",
    read: readUrl,
  },
  config: {
    placeholder: 'FILE',
    default: '',
    expects: 'a file',
    help: 'YAML or JSON file with these options and with queues',
    read: (value) => readText(value, /./),
  },
  'aws-waits': {
    default: false,
    expects: 'true or false',
    help: 'make a second purge, and a deleted name used again, wait 60 s as AWS does',
    read: readTruth,
  },
  'test-clock': {
    default: false,
    expects: 'true or false',
    help: 'time stands still until POST /pabal/clock?advance=31s moves it',
    read: readTruth,
  },
  'log-level': {
    placeholder: 'LEVEL',
    default: 'info',
    shown: 'info',
    expects: `one of ${LOG_LEVELS.join(', ')}`,
    help: `${LOG_LEVELS.join(', ')}; the log goes to standard error`,
    read: (value) => LOG_LEVELS.find((level) => level === value),
  },
}

export const OPTION_NAMES = Object.keys(OPTIONS) as readonly (keyof Options)[]

/** What was said about the options in one place, not looked at yet, and how that place is called there. */
interface Source {
  readonly values: ReadonlyMap<string, unknown>
  readonly called: (name: string) => string
  readonly exitCode: number
}

/** Throws a {@link Failure} for the first thing that is wrong. */
export async function loadConfig(flags: readonly string[], env = process.env): Promise<Config> {
  const fromFlags: Source = { values: readFlags(flags), called: (name) => `--${name}`, exitCode: EXIT.usage }
  const fromEnv: Source = { values: readEnvironment(env), called: envName, exitCode: EXIT.configuration }
  const path = setting('config', [fromFlags, fromEnv])
  const file = path === '' ? undefined : await readConfigFile(path, OPTION_NAMES)
  const sources = [fromFlags, fromEnv]
  if (file !== undefined)
    sources.push({ values: file.options, called: (name) => `${path}: ${name}`, exitCode: EXIT.configuration })
  const options = Object.fromEntries(OPTION_NAMES.map((name) => [name, setting(name, sources)]))
  const config = options as unknown as Options
  const named = config.queue.map((name) => [name, PLAIN_QUEUE] as const)
  return { ...config, queues: new Map([...named, ...(file?.queues ?? [])]) }
}

/** The environment variable of an option, such as PABAL_LOG_LEVEL. */
export function envName(name: string): string {
  return `PABAL_${name.replaceAll('-', '_').toUpperCase()}`
}

function setting<Name extends keyof Options>(name: Name, sources: readonly Source[]): Options[Name] {
  const option = OPTIONS[name]
  const source = sources.find(({ values }) => values.has(name))
  if (source === undefined) return option.default
  const given = source.values.get(name)
  const value = option.read(given)
  if (value !== undefined) return value
  throw new Failure(`${source.called(name)} must be ${option.expects}, not ${shown(given)}.`, source.exitCode)
}

/** `--name value`, `--name=value`, and `--name` alone for truth values. */
function readFlags(flags: readonly string[]): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>()
  for (let i = 0; i < flags.length; i++) {
    const [, name = '', inline] = /^--([^=]+)(?:=(.*))?$/s.exec(flags[i]!) ?? []
    const option = optionOf(name, flags[i]!)
    const value = inline ?? (option.placeholder === undefined ? 'true' : flags[++i])
    if (value === undefined) throw usage(`--${name} needs a value: ${option.expects}.`)
    const before = values.get(name)
    if (before !== undefined && option.repeatable !== true) throw usage(`--${name} is given twice.`)
    values.set(name, option.repeatable === true ? [...((before as string[]) ?? []), value] : value)
  }
  return values
}

function optionOf(name: string, flag: string): Option<unknown> {
  if (Object.hasOwn(OPTIONS, name)) return OPTIONS[name as keyof Options]
  if (name === '') throw usage(`"${flag}" is not an option: options begin with "--".`)
  const close = nearest(name, OPTION_NAMES)
  throw usage(`There is no option --${name}${close === undefined ? '.' : `: did you mean --${close}?`}`)
}

function usage(sentence: string): Failure {
  return new Failure(`${sentence} "pabal --help" lists them all.`, EXIT.usage)
}

/** Kubernetes gives every container PABAL_PORT=tcp://… when a service is called pabal: that one is not meant. */
const KUBERNETES_LINK = /^(tcp|udp):\/\//

function readEnvironment(env: NodeJS.ProcessEnv): ReadonlyMap<string, unknown> {
  const values = new Map<string, unknown>()
  for (const name of OPTION_NAMES) {
    const value = env[envName(name)]
    if (value === undefined || value === '') continue
    if (name === 'port' && KUBERNETES_LINK.test(value)) continue
    values.set(name, OPTIONS[name].repeatable === true ? value.split(',').map((part) => part.trim()) : value)
  }
  return values
}

function shown(value: unknown): string {
  const text = Array.isArray(value) ? value.join(', ') : value
  return typeof text === 'object' ? JSON.stringify(text) : `"${String(text)}"`
}

function readWhole(value: unknown, min: number, max: number): number | undefined {
  const text = String(value)
  const whole = Number(text)
  return /^\d{1,9}$/.test(text) && whole >= min && whole <= max ? whole : undefined
}

function readText(value: unknown, shape: RegExp): string | undefined {
  return typeof value === 'string' && shape.test(value) ? value : undefined
}

function readTruth(value: unknown): boolean | undefined {
  const text = String(value).toLowerCase()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : undefined
}

function readNames(value: unknown): readonly string[] | undefined {
  const names = (Array.isArray(value) ? value : [value]).map(readQueueName)
  return names.every((name) => name !== undefined) ? [...new Set(names)] : undefined
}

function readUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const url = new URL(value)
  const plain =
    (url.protocol === 'http:' || url.protocol === 'https:') && url.search === '' && url.hash === ''
  return plain && url.username === '' ? value.replace(/\/+$/, '') : undefined
}
