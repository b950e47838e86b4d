/** Where queues live and who owns their shards: the same for all, even, and steady. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, integer, property, string, uniqueArray } from 'fast-check'
import { assign } from '../../src/cluster/rendezvous.ts'
import { homeOf, partOfGroup, shardOfPart } from '../../src/cluster/shard-of.ts'

test('a queue lives where it has always lived: the hash is part of the stored format', () => {
  deepEqual(
    ['orders', 'orders.fifo', 'mail', 'a', 'b', 'ünïcödé'].map((queue) => homeOf(queue, 12)),
    [0, 4, 5, 3, 6, 11],
  )
})

test('names that differ in a digit are spread evenly', () => {
  const shards = 12
  const counts = new Array<number>(shards).fill(0)
  for (let queue = 0; queue < 12_000; queue += 1) counts[homeOf(`queue-${queue}`, shards)]! += 1
  for (const count of counts) ok(count > 850 && count < 1150, String(counts))
})

test('the parts of a queue are different shards, the home first', async () => {
  await assert(
    property(string(), integer({ min: 1, max: 64 }), (queue, shards) => {
      const parts = Array.from({ length: shards }, (_, part) => shardOfPart(queue, part, shards))
      equal(parts[0], homeOf(queue, shards))
      equal(new Set(parts).size, shards)
    }),
  )
})

test('a message group has one part', async () => {
  await assert(
    property(string(), integer({ min: 1, max: 64 }), (group, parts) => {
      const part = partOfGroup(group, parts)
      ok(Number.isInteger(part) && part >= 0 && part < parts)
    }),
  )
})

const members = uniqueArray(string({ minLength: 1 }), { minLength: 1, maxLength: 9 })

test('every shard has an owner, and nobody has more than its share', async () => {
  await assert(
    property(integer({ min: 1, max: 100 }), members, (shards, names) => {
      const owners = assign(shards, names)
      equal(owners.length, shards)
      const share = Math.ceil(shards / names.length)
      for (const [index] of names.entries()) {
        ok(owners.filter((owner) => owner === index).length <= share)
      }
    }),
  )
})

test('who owns what does not depend on the order in which members are known', async () => {
  await assert(
    property(integer({ min: 1, max: 50 }), members, array(integer()), (shards, names, keys) => {
      const shuffled = names
        .map((name, index) => ({ name, key: keys[index] ?? 0 }))
        .sort((a, b) => a.key - b.key)
        .map(({ name }) => name)
      deepEqual(
        assign(shards, names).map((owner) => names[owner]),
        assign(shards, shuffled).map((owner) => shuffled[owner]),
      )
    }),
  )
})

test('when a member goes, few of the others’ shards move', () => {
  const shards = 24
  let lost = 0
  let moved = 0
  for (let round = 0; round < 200; round += 1) {
    const names = [0, 1, 2, 3].map((member) => `10.0.${round}.${member}:9400`)
    const before = assign(shards, names)
    const after = assign(shards, names.slice(0, 3))
    for (const [shard, owner] of before.entries()) {
      if (owner === 3) lost += 1
      else if (after[shard] !== owner) moved += 1
    }
  }
  ok(moved < lost / 2, `${lost} had to move, ${moved} others did`)
})
