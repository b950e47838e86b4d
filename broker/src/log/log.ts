/**
 * The log: an append-only sequence of records, and the truth from which everything else is rebuilt.
 *
 *     trimmed │ oldest segment … │ … │ newest segment │ staged │
 *             ^ start                               ^ durable  ^ end
 *
 * A position names a record for as long as it is retained. Positions rise; the distance between two has no
 * meaning to callers. There is one writer. An implementation passes test/log/conformance.ts.
 */

/**
 * Sees one record: its bytes are `buffer[offset .. offset + length)`, the caller's until it returns. Arguments and
 * not an object, because start-up visits millions. A visitor that has `run` may be shown many records at once instead.
 */
export interface Visit {
  (position: number, buffer: Buffer, offset: number, length: number): void
  readonly run?: (run: RecordRun) => void
  /** It looks at records' heads only: it may be shown no more of a record than that. */
  readonly headsSuffice?: true
}

/** Records that follow each other in one buffer and in one segment. The visitor's until it returns. */
export interface RecordRun {
  readonly buffer: Buffer
  /** A record's place added to it gives the record's position. */
  readonly base: number
  /** Of each record in turn where it begins in the buffer, its length, and its place. */
  readonly places: Int32Array
  /** Only the heads are in the buffer: the visitor said that they suffice. */
  readonly headsOnly: boolean
  readonly count: number
}

export interface Segment {
  /** Position of its first record. */
  readonly start: number
  /** Position after its last record: the next segment's start. */
  readonly end: number
  /** What it occupies, in bytes. */
  readonly bytes: number
}

export interface Log {
  /** The oldest retained position. */
  readonly start: number
  /** Every record before this position is durable and will be read back by every later open. */
  readonly durable: number
  /** The position that the next appended record gets. */
  readonly end: number

  /**
   * Stages one record: `head` followed by `body`, which are copied before this returns. Nothing is durable yet.
   * Records come back whole and in order. Returns the record's position.
   */
  append(head: Uint8Array, body?: Uint8Array): number

  /** Bytes staged and not yet durable. */
  readonly stagedBytes: number

  /**
   * Makes everything appended before this call durable. At most one flush runs at a time: a call while one runs is
   * a mistake of the caller. A rejection means that the staged records may or may not survive: this log must be
   * closed and opened again, which settles it.
   */
  flush(): Promise<void>

  /**
   * Visits the records from `from` up to what is durable at this call, in order, for recovery and for moving live
   * messages out of an old segment. `from` is a record's position, a segment's start, or `start`. Waits between
   * large chunks, never between records. What `visit` throws ends the replay and is thrown on. Ends early at the
   * position `before`, if one is given.
   */
  replay(from: number, visit: Visit, before?: number): Promise<void>

  /**
   * One record by its position; also a staged one. At once where it is in memory, else a promise.
   * `length` is the record's length in bytes (head and body), which the caller knows. The bytes are checked
   * against their checksum, and are the caller's to keep. Rejects with a LogDamage error where they differ.
   */
  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array>

  /** Oldest first. The last one is being written. */
  segments(): readonly Segment[]

  /**
   * Where the segment being written begins: the newest segment's `start`. It already counts the segment of a
   * staged record. By itself a log begins a segment only when it is opened and as a flush begins: before `flush`
   * has returned its promise, so that its owner can put first what every segment begins with.
   */
  readonly newestStart: number

  /**
   * Begins a new segment, so that the present one can be trimmed some day: with the next record appended where
   * nothing is staged, else with the first one appended after the next flush has begun. Not if the present one is empty.
   */
  roll(): void

  /** Forgets every segment that ends at or before `before`, and returns their space. A prefix, nothing else. */
  trim(before: number): Promise<void>

  /**
   * True when storage is so short that only what frees space (deletes) or is small (receives) should be
   * appended; a reserve is kept for it. Turns false again by itself when space is back.
   */
  readonly full: boolean

  /**
   * Periodic work that needs no hurry, such as taking back a reserve that was spent. The owner calls it about once a
   * second; it never runs twice at once, and may run beside a flush. `stays`: whether most of a segment that is no
   * longer written is still needed, so that it pays to prepare for replaying it.
   */
  maintain(stays?: (segment: Segment) => boolean): Promise<void>

  /** Releases everything. What was staged and not flushed is lost. */
  close(): Promise<void>
}

/** The log does not read back what was written: which file, at which byte, and what is wrong. */
export class LogDamage extends Error {
  readonly file: string
  readonly offset: number
  constructor(file: string, offset: number, what: string) {
    super(`${file} is damaged at byte ${offset}: ${what}`)
    this.name = 'LogDamage'
    this.file = file
    this.offset = offset
  }
}
