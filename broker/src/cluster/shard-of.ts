/**
 * Where a queue lives: its home shard by its name alone, and the parts of one that is spread. Arithmetic and nothing
 * else, so that every broker knows it without asking.
 */

import { hashOf } from './hash.ts'

export function homeOf(queue: string, shards: number): number {
  return hashOf(queue) % shards
}

/** The shard of part `part` of a queue; part 0 is its home. */
export function shardOfPart(queue: string, part: number, shards: number): number {
  return (homeOf(queue, shards) + part) % shards
}

/** The part that has a message group, of a FIFO queue with so many. */
export function partOfGroup(group: string, parts: number): number {
  return hashOf(group) % parts
}
