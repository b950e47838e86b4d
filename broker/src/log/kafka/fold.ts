/**
 * "A record counts where its writer meant it to lie": which records of a partition count, for a partition to which
 * anybody may append at any time. Kafka has no conditional append, so the condition is checked afterwards, by every
 * reader and by the writer itself. Pure; the simulator and a warm standby use it as the log does.
 *
 * A *claim* is a record that takes effect wherever it lands; its offset is its epoch. Every other record names the
 * claim it was written under and the offset (`at`) that its writer expected for it.
 *
 *     offset   10        11        12        13        14        15
 *              claim A   r A,11    r A,12    claim B   r A,13    r B,14
 *     current  10        10        10        13        none      none
 *                        counts    counts              void      void: B finds out by its answer, and claims again
 *
 * Reader's rule ({@link foldRecord}): a claim sets `current` to its offset; a record whose claim is current and whose
 * `at` is its offset counts; anything else is void and ends the run until the next claim.
 * Owner's rule ({@link landedAsMeant}): a success may be told only if the offset answered is the one expected.
 * Everything else, an error, a deadline, another offset, is unknown: claim again, and read up to that claim.
 *
 * Why it holds: the records that count under claim c are exactly a run c+1, c+2, … without a gap. If all answers up to
 * o were as expected, no other claim lies in c..o; so every later claim lies behind o, and whoever wrote it reads
 * everything up to it before deciding anything. This rests on Kafka alone keeping what it acknowledged where it
 * acknowledged it (topic-settings.ts), and not on clocks, sessions, membership or the client's way of repeating.
 */

/** The claim under which a reader is; undefined while the run is broken. */
export type Current = number | undefined

/** What a reader needs to know of a record; `claim` and `at` mean something where it is a `record`. */
export interface Marks {
  readonly kind: 'claim' | 'record' | 'foreign'
  readonly claim: number
  readonly at: number
}

export function counts(current: Current, { kind, claim, at }: Marks, offset: number): boolean {
  return kind === 'record' && claim === current && at === offset
}

/** What is current after the record at `offset`. */
export function foldRecord(current: Current, marks: Marks, offset: number): Current {
  if (marks.kind === 'claim') return offset
  return counts(current, marks, offset) ? current : undefined
}

/** Whether the append of a batch whose first record was meant for `at` may be told to have succeeded. */
export function landedAsMeant(at: number, baseOffset: number): boolean {
  return at === baseOffset
}
