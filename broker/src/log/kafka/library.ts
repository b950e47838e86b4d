/**
 * The Kafka client library, loaded when the first log on Kafka is opened and not before: a broker on files does not pay
 * for it. Only its low end is used (connections, requests, responses); what repeats, waits and decides is ours.
 */

export type Library = typeof import('@platformatic/kafka')

export function loadLibrary(): Promise<Library> {
  return import('@platformatic/kafka')
}
