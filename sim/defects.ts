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
  /** Where a search begins: the seed that shows it soonest; 1 unless given. */
  readonly seed?: number
}

export const defects: Readonly<Record<string, Defect>> = {
  'skips the sync': {
    file: 'log/write-block.ts',
    find: 'await file.sync()',
    put: '',
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
    seed: 8,
  },
  'does not write the last block again at start': {
    file: 'log/open-segments.ts',
    find: 'await settle(file, tail)',
    put: '',
    seed: 3,
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
    seed: 2,
  },
  'loses a queue from the segment head': {
    file: 'queue/relocate.ts',
    find: 'for (const queue of state.queues.values()) {',
    put: 'for (const queue of [...state.queues.values()].slice(1)) {',
    seed: 14,
  },
  'forgets a message when it moves a segment': {
    file: 'shard/reclaim.ts',
    find: 'if (!isLiveAt(state, seq, position)) continue',
    put: 'if (!isLiveAt(state, seq, position) || seq % 8 === 3) continue',
    seed: 14,
  },
  'forgets receive counts when it moves a segment': {
    file: 'queue/relocate.ts',
    find: 'messages.setInt(slot, RECEIVE_COUNT, event.receiveCount)',
    put: '',
    seed: 14,
  },
  'forgets the attempt of a message that was moved': {
    file: 'queue/relocate.ts',
    find: 'restoreAttempt(state, event.seq, slot, event.at)',
    put: '',
    seed: 14,
  },
  'drops a segment before deduplication is over': {
    file: 'shard/reclaim.ts',
    find: 'closedAt + DEDUPLICATION_MS > this.#shard.now()',
    put: 'closedAt + 60_000 > this.#shard.now()',
    seed: 4,
  },
  'drops a delete at recovery': {
    file: 'shard/recovery.ts',
    find: 'evolve(state, event, position, length)',
    put: "if (event.kind !== 'deleted' || event.seq % 8 !== 3) evolve(state, event, position, length)",
  },
  'forgets deduplication at a restart': {
    file: 'shard/recovery.ts',
    find: 'return { state, closedAt }',
    put: 'for (const queue of state.queues.values()) queue.dedup?.clear()\n  return { state, closedAt }',
  },
  'follows a clock that was set back': {
    file: 'shard/shard.ts',
    find: 'Math.max(0, state.now - this.#clock.now())',
    put: '0',
    seed: 13,
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
    seed: 6,
  },
  'puts a message back at the end': {
    file: 'queue/slot-list.ts',
    find: 'if (list.tail === 0 || messages.number(list.tail, SEQ) < seq) return list.tail',
    put: 'if (list.head !== -1) return list.tail',
    seed: 6,
  },
  'counts a receive that was taken back': {
    file: 'queue/receive.ts',
    find: 'state.messages.setInt(slot, RECEIVE_COUNT, state.messages.int(slot, RECEIVE_COUNT) - 1)',
    put: '',
    seed: 2,
  },
  'says deleted where it was not': {
    file: 'queue/delete.ts',
    find: 'if (newest) emit',
    put: 'if (newest && receipt.seq % 8 !== 3) emit',
  },
  'lets messages live a second too long': {
    file: 'queue/retention.ts',
    find: 'const sentBefore = now - queue.settings.retentionMs',
    put: 'const sentBefore = now - queue.settings.retentionMs - 1000',
    seed: 12,
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
    seed: 2,
  },
  'moves a dead letter twice': {
    file: 'queue/redrive.ts',
    find: 'state.remove(old)',
    put: '',
    seed: 14,
  },
  'loses carriage returns in XML': {
    file: 'sqs/xml.ts',
    find: "'\\r': '&#xD;'",
    put: "'\\r': ''",
  },
}
