/** A queue's attributes as transcripts write them: short names and lengths of time, or SQS's own names as they are. */

import { ok } from 'node:assert/strict'
import { durationMs } from '../../src/runtime/duration.ts'

const SECONDS: Readonly<Record<string, string>> = {
  visibility: 'VisibilityTimeout',
  delay: 'DelaySeconds',
  retention: 'MessageRetentionPeriod',
  wait: 'ReceiveMessageWaitTimeSeconds',
}

/** `options`: `visibility=30s`, `dead=NAME:3`, `scope=messageGroup`, `Policy={}`; `words`: `fifo`, `content-dedup`. */
export function attributesOf(
  options: Readonly<Record<string, string>>,
  words: readonly string[],
): Record<string, string> {
  const attributes: Record<string, string> = {}
  if (words.includes('fifo')) attributes['FifoQueue'] = 'true'
  if (words.includes('content-dedup')) attributes['ContentBasedDeduplication'] = 'true'
  for (const [name, value] of Object.entries(options)) {
    if (name === 'queue') continue
    const seconds = SECONDS[name]
    if (seconds !== undefined) attributes[seconds] = String(durationMs(value)! / 1000)
    else if (name === 'dead') attributes['RedrivePolicy'] = redrivePolicy(value)
    else if (name === 'scope') attributes['DeduplicationScope'] = value
    else {
      ok(/^[A-Z]/.test(name), `no attribute is called ${name}`)
      attributes[name] = value
    }
  }
  return attributes
}

/** `NAME:3`, or `none` to take the policy away. */
function redrivePolicy(text: string): string {
  if (text === 'none') return ''
  const [name, count] = text.split(':')
  return JSON.stringify({
    deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    maxReceiveCount: Number(count),
  })
}
