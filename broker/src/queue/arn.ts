/** A queue's name out of its ARN. Queues are found by name alone, whatever account or region stands around it. */

/** The name in `arn:aws:sqs:<region>:<account>:<name>`, or an empty text where this is no such ARN. */
export function queueNameOf(arn: string): string {
  const parts = arn.split(':')
  const isQueue = parts.length === 6 && parts[0] === 'arn' && parts[2] === 'sqs'
  return isQueue ? parts[5]! : ''
}
