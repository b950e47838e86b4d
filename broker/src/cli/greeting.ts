/** What the server prints when it listens: where, and two ways to send a first message that work as they stand. */

export interface GreetingFacts {
  readonly port: number
  /** As configured. */
  readonly host: string
  /** A directory, or a topic of Kafka. Undefined where nothing is kept. */
  readonly place: string | undefined
  readonly account: string
  readonly region: string
  /** A standard queue to send to, and whether it is there already. */
  readonly queue: { readonly name: string; readonly exists: boolean }
  readonly testClock: boolean
}

export function greeting(facts: GreetingFacts): string {
  const url = `http://${reachable(facts.host)}:${facts.port}`
  const queueUrl = `${url}/${facts.account}/${facts.queue.name}`
  const aws = `aws --endpoint-url ${url} --region ${facts.region} --no-sign-request sqs`
  const create = facts.queue.exists ? [] : [`${aws} create-queue --queue-name ${facts.queue.name}`]
  const createCurl = facts.queue.exists
    ? []
    : [`curl ${url}/ -d Action=CreateQueue -d QueueName=${facts.queue.name}`]
  return [
    `Pabal listens on ${url}`,
    facts.place === undefined ? 'Everything is kept in memory only' : `Data is kept in ${facts.place}`,
    ...(facts.testClock ? [`Time stands still: curl -X POST "${url}/pabal/clock?advance=31s" moves it`] : []),
    '',
    'Send a first message, with the AWS CLI:',
    '',
    ...create.map(indented),
    indented(`${aws} send-message --queue-url ${queueUrl} --message-body hello`),
    '',
    'or with curl, and receive it:',
    '',
    ...createCurl.map(indented),
    indented(`curl ${queueUrl} -d Action=SendMessage -d MessageBody=hello`),
    indented(`curl ${queueUrl} -d Action=ReceiveMessage`),
    '',
  ].join('\n')
}

function indented(line: string): string {
  return `  ${line}`
}

/** An address to connect to where another one is listened on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
