/**
 * Which member should own which shard: each shard goes to the member that scores highest for it and is not full.
 * Nobody has more than its share, rounded up. A pure function of who is there, so that all who see the same members
 * come to the same answer without a word, and few shards move when somebody comes or goes.
 */

import { hashBoth, hashOf } from './hash.ts'

/** For every shard the member that should own it, as an index into `members`; empty where there are none. */
export function assign(shards: number, members: readonly string[]): readonly number[] {
  if (members.length === 0) return []
  const share = Math.ceil(shards / members.length)
  const loads = members.map(() => 0)
  return Array.from({ length: shards }, (_, shard) => {
    const owner = preferences(shard, members).find((member) => loads[member]! < share)!
    loads[owner]! += 1
    return owner
  })
}

/** Members by how much they are wanted for a shard, the most wanted first. */
export function preferences(shard: number, members: readonly string[]): readonly number[] {
  const scores = members.map((member) => hashBoth(shard + 1, hashOf(member)))
  return members
    .map((_, index) => index)
    .sort((a, b) => scores[b]! - scores[a]! || (members[a]! < members[b]! ? -1 : 1))
}
