/**
 * Deliberate defects: mistakes that a queue could well have, each a small change of one file of the broker. They are
 * planted one at a time, in a copy (product.ts), to prove that the simulator's checks can fail. The place that is
 * changed must be there exactly once, so a defect that no longer fits is noticed.
 */

export interface Defect {
  /** Below broker/src. */
  readonly file: string
  readonly find: string
  readonly put: string
  /** It shows on a modelled Kafka, not on a disk. */
  readonly onKafka?: true
  /** It shows between shards. */
  readonly betweenShards?: true
  /** Where a search begins: the seed that shows it soonest; 1 unless given. */
  readonly seed?: number
  /** Of the safety phase, where fewer will do: a defect that shows when the faults are over. */
  readonly steps?: number
}

export const defects: Readonly<Record<string, Defect>> = {
  'skips the sync': {
    file: 'log/write-block.ts',
    find: 'file.writeThrough(',
    put: 'file.write(',
  },
  'answers before the append is durable': {
    file: 'shard/shard.ts',
    find: 'if (waiting === undefined) return Promise.resolve(answer)',
    put: 'if (waiting !== null) return Promise.resolve(answer)',
  },
  'carries on after a failed flush': {
    file: 'shard/shard.ts',
    find: 'await flushed\n',
    put: 'await flushed.catch(() => {})\n',
    seed: 7,
  },
  'does not write the last block again at start': {
    file: 'log/open-segments.ts',
    find: 'await settle(file, tail)',
    put: '',
    seed: 5,
  },
  'cuts too much of the tail': {
    file: 'log/open-segments.ts',
    find: 'if (tail.torn > 0) {',
    put: 'if (tail.lastBlock > 0) { (tail as { end: number }).end = tail.lastBlock',
  },
  'takes a damaged frame for a whole one': {
    file: 'log/frame.ts',
    find: 'return buffer.readUInt32LE(at) === checksum(buffer, at + 4, end)',
    put: 'return true',
    seed: 14,
  },
  'takes damaged heads for whole ones': {
    file: 'log/heads.ts',
    find: 'if (!frameIsWhole(buffer, at, end)) return offset + at',
    put: '',
    seed: 29,
  },
  'leaves a record out of the heads': {
    file: 'log/heads.ts',
    find: 'if (this.#tooLarge ||',
    put: 'if (place % 29 === 0) return\n    if (this.#tooLarge ||',
  },
  'loses a queue from the segment head': {
    file: 'queue/relocate.ts',
    find: 'for (const queue of state.queues.values()) {',
    put: 'for (const queue of [...state.queues.values()].slice(1)) {',
    seed: 2,
  },
  'forgets a message when it moves a segment': {
    file: 'shard/reclaim.ts',
    find: 'if (!isLiveAt(state, seq, position)) continue',
    put: 'if (!isLiveAt(state, seq, position) || seq % 8 === 3) continue',
    seed: 9,
  },
  'forgets receive counts when it moves a segment': {
    file: 'queue/relocate.ts',
    find: 'messages.setInt(slot, RECEIVE_COUNT, event.receiveCount)',
    put: '',
    seed: 27,
  },
  'forgets the attempt of a message that was moved': {
    file: 'queue/relocate.ts',
    find: 'restoreAttempt(state, event.seq, slot, event.at)',
    put: '',
    seed: 35,
  },
  'drops a segment before deduplication is over': {
    file: 'shard/reclaim.ts',
    find: 'closedAt + DEDUPLICATION_MS > this.#shard.now()',
    put: 'closedAt + 60_000 > this.#shard.now()',
    seed: 11,
  },
  'drops a delete at recovery': {
    file: 'shard/recovery.ts',
    find: 'evolve(this.#state, event, position, length)',
    put: "if (event.kind !== 'deleted' || event.seq % 8 !== 3) evolve(this.#state, event, position, length)",
    seed: 2,
  },
  'forgets deduplication at a restart': {
    file: 'shard/recovery.ts',
    find: 'return { state: this.#state, closedAt: this.#closedAt }',
    put: 'for (const queue of this.#state.queues.values()) queue.dedup?.clear()\n    return { state: this.#state, closedAt: this.#closedAt }',
  },
  'follows a clock that was set back': {
    file: 'shard/shard.ts',
    find: 'Math.max(0, state.now - this.#clock.now())',
    put: '0',
    seed: 22,
  },
  'ends leases early': {
    file: 'queue/state.ts',
    find: 'if (this.messages.number(slot, DUE_AT) > now) return',
    put: 'if (this.messages.number(slot, DUE_AT) > now + 300) return',
    seed: 6,
  },
  'delivers past a message in flight of the group': {
    file: 'queue/receive.ts',
    find: 'slot = next\n',
    put: 'slot = next !== 0 && state.messages.phase(next) === IN_FLIGHT ? state.messages.int(next, NEXT) : next\n',
    seed: 22,
  },
  'puts a message back at the end': {
    file: 'queue/slot-list.ts',
    find: 'if (list.tail === 0 || messages.number(list.tail, SEQ) < seq) return list.tail',
    put: 'if (list.head !== -1) return list.tail',
    seed: 39,
  },
  'counts a receive that was taken back': {
    file: 'queue/receive.ts',
    find: 'state.messages.setInt(slot, RECEIVE_COUNT, state.messages.int(slot, RECEIVE_COUNT) - 1)',
    put: '',
    seed: 14,
  },
  'says deleted where it was not': {
    file: 'queue/delete.ts',
    find: 'if (newest) emit',
    put: 'if (newest && receipt.seq % 8 !== 3) emit',
    seed: 2,
  },
  'lets messages live a second too long': {
    file: 'queue/retention.ts',
    find: 'const sentBefore = now - queue.settings.retentionMs',
    put: 'const sentBefore = now - queue.settings.retentionMs - 1000',
    seed: 11,
  },
  'forgets a delayed message in the counts': {
    file: 'queue/state.ts',
    find: 'queue.delayed -= 1\n    this.#leaveDelayed',
    put: 'this.#leaveDelayed',
    seed: 2,
  },
  'does not wake long polls when a delay ends': {
    file: 'queue/state.ts',
    find: 'this.beginReady(queue, slot)\n  }\n',
    put: 'const { woken } = queue\n    queue.woken = true\n    this.beginReady(queue, slot)\n    queue.woken = woken\n  }\n',
    steps: 300,
  },
  'moves a dead letter twice': {
    file: 'queue/redrive.ts',
    find: 'state.remove(old)',
    put: '',
    seed: 5,
  },
  'refuses receives as well on a full disk': {
    file: 'shard/shard.ts',
    find: "if (command.kind !== 'send') return undefined",
    put: "if (command.kind !== 'send' && command.kind !== 'receive') return undefined",
    seed: 12,
  },
  'takes sends on a full disk': {
    file: 'shard/shard.ts',
    find: 'if (this.#log.full)\n',
    put: 'if (this.#log === null)\n',
    seed: 17,
  },
  'does not give up its reserve': {
    file: 'log/file-log.ts',
    find: '!(await this.#reserve.spend(spends))',
    put: 'this.#full',
    seed: 23,
  },
  'forgets who is next on a page': {
    file: 'queue/queues.ts',
    find: 'names.filter((name) => name > after)',
    put: 'names.filter((name) => name > after).slice(1)',
  },
  'forgets the other tags': {
    file: 'queue/tags.ts',
    find: 'tags: { ...queue.definition.tags, ...tags }',
    put: 'tags',
    seed: 10,
  },
  'takes away every permission': {
    file: 'queue/permissions.ts',
    find: "policy.Statement.filter((statement) => statement['Sid'] !== label)",
    put: '[]',
    seed: 32,
  },
  'ignores whose dead letters a queue takes': {
    file: 'queue/receive.ts',
    find: "return allowsRedriveFrom(target.definition.attributes['RedriveAllowPolicy'], queue.name) ? target : 'none'",
    put: 'return target',
    seed: 20,
  },
  'changes the deduplication scope at once': {
    file: 'queue/settings.ts',
    find: '(definition.scopeChangedAt ?? 0) + SCOPE_CHANGE_MS',
    put: '(definition.scopeChangedAt ?? 0)',
    seed: 10,
  },
  'looks for duplicates under the new scope alone': {
    file: 'queue/send.ts',
    find: 'return queue.dedup!.get(dedupId, now) ?? queue.dedup!.get(groupKey(group, dedupId), now)',
    put: "return queue.dedup!.get(dedupScopeOf(queue.definition, now) === 'messageGroup' ? groupKey(group, dedupId) : dedupId, now)",
    seed: 8,
  },
  'allows high throughput with deduplication a queue': {
    file: 'queue/attributes.ts',
    find: "if (set['FifoThroughputLimit'] === 'perMessageGroupId' &&",
    put: 'if (set === undefined &&',
    seed: 14,
  },
  'lets a second purge through': {
    file: 'queue/queues.ts',
    find: 'now < queue.purgedAt + PURGE_WAIT_MS',
    put: 'now < queue.purgedAt',
    seed: 24,
  },
  'lets a deleted name be used again at once': {
    file: 'queue/queues.ts',
    find: 'state.deletedNames.set(queue.name, true, event.at)',
    put: '',
  },
  'never serves who has waited longest': {
    file: 'queue/lanes.ts',
    find: 'const guarded = (this.#deliveries + 1) % PRIORITY_GUARD_PERIOD === 0',
    put: 'const guarded = false',
    seed: 24,
  },
  'serves who has waited longest too often': {
    file: 'queue/lanes.ts',
    find: 'const guarded = (this.#deliveries + 1) % PRIORITY_GUARD_PERIOD === 0',
    put: 'const guarded = (this.#deliveries + 1) % 7 === 0',
    seed: 6,
  },
  'lets a tenant keep its turn': {
    file: 'queue/lanes.ts',
    find: 'lane.ticket = newest\n',
    put: '',
    seed: 33,
  },
  'loses carriage returns in XML': {
    file: 'sqs/xml.ts',
    find: "'\\r': '&#xD;'",
    put: "'\\r': ''",
    seed: 38,
  },
  'answers without comparing the offset': {
    file: 'log/kafka/fold.ts',
    find: 'return at === baseOffset',
    put: 'return true',
    onKafka: true,
    seed: 4,
  },
  'takes an append that failed for one that landed': {
    file: 'log/kafka/kafka-log.ts',
    find: 'await this.#partition.append(batch)',
    put: 'await this.#partition.append(batch).catch(() => batch.base)',
    onKafka: true,
    seed: 2,
  },
  'recovers by reading, without a claim': {
    file: 'log/kafka/kafka-log.ts',
    find: 'const claiming = appendClaim(partition, options.claimant)',
    put: 'const claiming = durableBefore > 0 ? partition.offsets().then(({ end }) => end - 1) : appendClaim(partition, options.claimant)',
    onKafka: true,
    seed: 4,
  },
  'checks epochs only': {
    file: 'log/kafka/fold.ts',
    find: "return kind === 'record' && claim === current && at === offset",
    put: "return kind === 'record' && claim === current",
    onKafka: true,
    seed: 45,
  },
  'trims the claim that a segment begins with': {
    file: 'log/kafka/kafka-log.ts',
    find: 'await this.#partition.deleteBefore(first.start - 1)',
    put: 'await this.#partition.deleteBefore(first.start)',
    onKafka: true,
    seed: 55,
  },
  'answers though others may have taken over': {
    file: 'cluster/membership.ts',
    find: 'return this.#clock.now() - this.#sureAt < SURE_MS',
    put: 'return true',
    onKafka: true,
    seed: 5,
  },
  'gives a broker up after one beat': {
    file: 'cluster/members.ts',
    find: 'seen.silentMs >= (seen.refuses ? REFUSING_GONE_MS : GONE_MS)',
    put: 'seen.silentMs >= 400',
    onKafka: true,
    seed: 19,
  },
  'gives a broker up that refuses connections while it is sure': {
    file: 'cluster/members.ts',
    find: 'export const REFUSING_GONE_MS = 1600',
    put: 'export const REFUSING_GONE_MS = 600',
    onKafka: true,
    seed: 47,
  },
  'forgets which numbers came': {
    file: 'queue/arrivals.ts',
    find: 'return number !== refused && number <= Math.max(arrived, refused)',
    put: 'return false',
    betweenShards: true,
    seed: 5,
  },
  'forgets what it refused': {
    file: 'queue/arrivals.ts',
    find: 'if (refused !== REFUSED_BEFORE) emit(',
    put: 'if (from < 0) emit(',
    betweenShards: true,
    seed: 13,
  },
  'takes what it refused when it may': {
    file: 'queue/arrivals.ts',
    find: 'number === known.refused || isForgotten',
    put: 'isForgotten',
    betweenShards: true,
    seed: 5,
  },
  'takes what it refused for a repeat': {
    file: 'queue/arrivals.ts',
    find: 'return number !== refused && number <= Math.max(arrived, refused)',
    put: 'return number <= Math.max(arrived, refused)',
    betweenShards: true,
    seed: 19,
  },
  'forgets what came with its queue': {
    file: 'queue/queues.ts',
    find: 'if (queue.arrivals.size > 0) state.arrivals.keep(queue.name, queue.arrivals)',
    put: '',
    betweenShards: true,
    seed: 8,
  },
  'does not say what came when a segment begins': {
    file: 'queue/relocate.ts',
    find: 'for (const [from, known] of queue.arrivals) emit(arrivals(now, queue, from, known))',
    put: '',
    betweenShards: true,
    seed: 2,
  },
  'does not say what left when it moves a segment': {
    file: 'queue/relocate.ts',
    find: "if (departure !== undefined) emit({ kind: 'departing', at: now, ...departure, taskId: undefined })",
    put: '',
    betweenShards: true,
    seed: 14,
  },
  'lets go of a message before it has arrived': {
    file: 'shard/departure-runner.ts',
    find: 'const answer = await this.#others.arrive({',
    put: 'this.#shard.act((now, at, emit) => decideDeparted(now, batch, at, emit))\n    const answer = await this.#others.arrive({',
    betweenShards: true,
    seed: 18,
  },
  'takes a lost answer for an arrival': {
    file: 'shard/departure-runner.ts',
    find: "this.#log.warn('departure_failed', { queue: target, error })",
    put: 'this.#shard.act((now, at, emit) => decideDeparted(now, this.#batch(state, target), at, emit))',
    betweenShards: true,
    seed: 18,
  },
  'takes back a message when the answer is lost': {
    file: 'shard/departure-runner.ts',
    find: "this.#log.warn('departure_failed', { queue: target, error })",
    put: 'this.#shard.act((now, at, emit) => decideReturned(now, this.#batch(state, target), at, emit))',
    betweenShards: true,
    seed: 5,
  },
  'sends a message over before its leaving is durable': {
    file: 'shard/departure-runner.ts',
    find: 'await this.#shard.durable(undefined)\n',
    put: '',
    betweenShards: true,
    seed: 9,
  },
  'lets a dead letter be sent anew where it arrives': {
    file: 'queue/arrivals.ts',
    find: 'const sentAt = queue.fifo ? now : traveller.sentAt',
    put: 'const sentAt = now',
    betweenShards: true,
    seed: 2,
  },
  'folds what does not count while it stands by': {
    file: 'log/kafka/follower.ts',
    find: 'if (counts(this.#current, marks, offset)) this.#count(record)',
    put: "if (marks.kind === 'record') this.#count(record)",
    betweenShards: true,
    seed: 18,
  },
  'takes over what it read along without its tail': {
    file: 'log/kafka/kafka-log.ts',
    find: 'await follower.readTo(claim + 1)',
    put: 'if (follower.next === 0) await follower.readTo(claim + 1)',
    betweenShards: true,
    seed: 25,
  },
}
