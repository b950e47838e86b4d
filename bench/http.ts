/**
 * How many requests a second does our HTTP server answer, beside node:http and beside a bare socket?
 *
 * Each server runs in a process of its own and gets the same SendMessage of 200 bytes with the headers that the AWS
 * SDK for JavaScript v3 sends, over 50 keep-alive sockets with one request in flight each. Rounds are interleaved,
 * so that what else the machine does meanwhile meets all three. Where the client is the slower one, the rates come
 * close to each other: the CPU time that the server spent on a request still tells them apart.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const KINDS = ['node-http', 'pabal', 'socket'] as const
const CONNECTIONS = 50
const ROUNDS = Number(process.env['ROUNDS'] ?? 7)
const ROUND_MS = 1000
const WARM_UP_MS = 1000

const BODY = JSON.stringify({
  QueueUrl: 'http://127.0.0.1:9324/000000000000/orders',
  MessageBody: 'x'.repeat(200),
})
const REQUEST = Buffer.from(
  [
    'POST / HTTP/1.1',
    'content-type: application/x-amz-json-1.0',
    'x-amz-target: AmazonSQS.SendMessage',
    'x-amzn-query-mode: true',
    `content-length: ${BODY.length}`,
    'x-amz-user-agent: aws-sdk-js/3.1168.0',
    'user-agent: aws-sdk-js/3.1168.0 ua/2.1 os/linux#6.18.44 lang/js md/nodejs#20.20.2 api/sqs#3.1168.0 m/E,g',
    'host: 127.0.0.1:9324',
    'amz-sdk-invocation-id: 5fea7756-0ea4-451a-a703-a558b933e274',
    'amz-sdk-request: attempt=1; max=3',
    'x-amz-date: 20261122T130000Z',
    `x-amz-content-sha256: ${'0'.repeat(64)}`,
    'authorization: AWS4-HMAC-SHA256 Credential=test/20261122/us-east-1/sqs/aws4_request, ' +
      'SignedHeaders=amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-content-sha256;' +
      `x-amz-date;x-amz-target;x-amz-user-agent;x-amzn-query-mode, Signature=${'0'.repeat(64)}`,
    'Connection: keep-alive',
    '',
    BODY,
  ].join('\r\n'),
)

interface Contestant {
  readonly kind: string
  readonly process: ChildProcess
  readonly sockets: readonly Socket[]
  answers: number
  running: boolean
  readonly rates: number[]
  /** Microseconds of the server's CPU time for each request. */
  readonly costs: number[]
}

async function startContestant(kind: string): Promise<Contestant> {
  const server = fork(new URL('./http-server.ts', import.meta.url), [kind], { silent: true })
  const [line] = (await once(server.stdout!, 'data')) as [Buffer]
  const port = Number(line.toString())
  const sockets = Array.from({ length: CONNECTIONS }, () =>
    connect({ port, host: '127.0.0.1', noDelay: true }),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  const contestant: Contestant = {
    kind,
    process: server,
    sockets,
    answers: 0,
    running: false,
    rates: [],
    costs: [],
  }
  for (const socket of sockets) socket.on('data', () => answered(contestant, socket))
  return contestant
}

/** One answer is one packet: they are a few hundred bytes. */
function answered(contestant: Contestant, socket: Socket): void {
  contestant.answers++
  if (contestant.running) socket.write(REQUEST)
}

async function cpuMicros(contestant: Contestant): Promise<number> {
  contestant.process.send('cpu')
  const [usage] = (await once(contestant.process, 'message')) as [NodeJS.CpuUsage]
  return usage.user + usage.system
}

async function round(contestant: Contestant, ms: number): Promise<void> {
  contestant.answers = 0
  const cpuBefore = await cpuMicros(contestant)
  contestant.running = true
  const startedAt = performance.now()
  for (const socket of contestant.sockets) socket.write(REQUEST)
  await new Promise((resolve) => setTimeout(resolve, ms))
  contestant.running = false
  contestant.rates.push((contestant.answers * 1000) / (performance.now() - startedAt))
  // The last answers come in before the next contestant's turn.
  await new Promise((resolve) => setTimeout(resolve, 50))
  contestant.costs.push(((await cpuMicros(contestant)) - cpuBefore) / contestant.answers)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
}

const contestants = await Promise.all(KINDS.map(startContestant))
for (const contestant of contestants) {
  await round(contestant, WARM_UP_MS)
  contestant.rates.length = 0
  contestant.costs.length = 0
}
for (let i = 0; i < ROUNDS; i++) for (const contestant of contestants) await round(contestant, ROUND_MS)

const [nodeRate = 1, , socketRate = 1] = contestants.map(({ rates }) => median(rates))
console.log(
  `POST of ${REQUEST.length} bytes, ${CONNECTIONS} connections, ${ROUNDS} rounds, Node ${process.version}\n`,
)
console.log('| server | requests/s (median) | lowest – highest | × node:http | × bare socket | server CPU |')
console.log('| --- | ---: | ---: | ---: | ---: | ---: |')
for (const { kind, rates, costs } of contestants) {
  const rate = median(rates)
  const spread = `${Math.round(Math.min(...rates))} – ${Math.round(Math.max(...rates))}`
  const ratios = `${(rate / nodeRate).toFixed(2)} | ${(rate / socketRate).toFixed(2)}`
  console.log(`| ${kind} | ${Math.round(rate)} | ${spread} | ${ratios} | ${median(costs).toFixed(1)} µs |`)
}
for (const contestant of contestants) {
  for (const socket of contestant.sockets) socket.destroy()
  contestant.process.kill()
}
