/**
 * Addresses of queues: URLs and ARNs, read and written. A queue is found by its name alone, whatever host, path
 * prefix, account or region stands around it, so that addresses copied from AWS or from another server work.
 */

import type { Caller } from '../auth/caller.ts'

/** The name in a queue's URL, in its ARN, or the bare name itself. Empty where there is none. */
export function queueName(address: string): string {
  if (address.startsWith('arn:')) return address.slice(address.lastIndexOf(':') + 1)
  const end = address.endsWith('/') ? address.length - 1 : address.length
  return address.slice(address.lastIndexOf('/', end - 1) + 1, end)
}

/** `baseUrl` has no slash at its end, such as `http://127.0.0.1:9324`. */
export function queueUrl(baseUrl: string, account: string, name: string): string {
  return `${baseUrl}/${account}/${name}`
}

export function queueArn(caller: Caller, name: string): string {
  return `arn:aws:sqs:${caller.region}:${caller.account}:${name}`
}

/** `arn:<partition>:sqs:<region>:<account>:<name>` */
const QUEUE_ARN = /^arn:[\w-]+:sqs:[\w-]*:\w*:([\w-]+(?:\.fifo)?)$/

/** The queue's name in a well-formed ARN of a queue, else undefined. */
export function queueNameInArn(arn: string): string | undefined {
  return QUEUE_ARN.exec(arn)?.[1]
}
