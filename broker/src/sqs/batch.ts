/**
 * What the three batch actions share: mistakes that fail the whole request, entries that fail alone, and an
 * answer that sorts them. Entries that are refused here never reach the queue; the others go there together.
 */

import { BATCH_ENTRIES_MAX, BATCH_ENTRY_ID_CHARS_MAX } from '../queue/limits.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import type { BatchEntry, BatchFailure, BatchOutput } from './api.ts'
import { problemError, SqsError } from './errors.ts'
import { isEntryId } from './text.ts'

/** `kind`: what Query calls an entry; SQS names it in its text. Callers may have left out the entries. */
export function validateEntries(kind: string, entries: readonly BatchEntry[] | undefined): void {
  if (entries === undefined || entries.length === 0) {
    throw new SqsError('EmptyBatchRequest', `There should be at least one ${kind} in the request.`)
  }
  if (entries.length > BATCH_ENTRIES_MAX) {
    throw new SqsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${BATCH_ENTRIES_MAX}. You have sent ${entries.length}.`,
    )
  }
  for (const entry of entries) validateEntryId(entry.Id)
  const seen = new Set<string>()
  for (const { Id } of entries) {
    if (seen.has(Id)) throw new SqsError('BatchEntryIdsNotDistinct', `Id ${Id} repeated.`)
    seen.add(Id)
  }
}

function validateEntryId(id: string | undefined): void {
  if (id !== undefined && isEntryId(id)) return
  throw new SqsError(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. ' +
      `It can be at most ${BATCH_ENTRY_ID_CHARS_MAX} letters long.`,
  )
}

/** The steps of a batch: what an entry becomes, how those are carried out together, and what each answers. */
export interface BatchSteps<Entry extends BatchEntry, Item, Result, Answer extends BatchEntry> {
  /** Throws an {@link SqsError} for an entry that is to fail alone. */
  readonly prepare: (entry: Entry) => Item
  /** One result an item, in order. Also called for none, since the queue has to be there. */
  readonly carryOut: (items: readonly Item[]) => Promise<readonly (Result | Problem)[]>
  readonly answer: (entry: Entry, item: Item, result: Result) => Answer
}

export async function runBatch<Entry extends BatchEntry, Item, Result, Answer extends BatchEntry>(
  entries: readonly Entry[],
  steps: BatchSteps<Entry, Item, Result, Answer>,
): Promise<BatchOutput<Answer>> {
  const failed: BatchFailure[] = []
  const accepted: { readonly entry: Entry; readonly item: Item }[] = []
  for (const entry of entries) {
    const item = attempt(steps.prepare, entry)
    if (item instanceof SqsError) failed.push(failure(entry, item))
    else accepted.push({ entry, item })
  }
  const results = await steps.carryOut(accepted.map(({ item }) => item))
  const successful: Answer[] = []
  for (const [index, { entry, item }] of accepted.entries()) {
    const result = results[index] as Result | Problem
    if (isFailure(result)) failed.push(failure(entry, problemError(result, true)))
    else successful.push(steps.answer(entry, item, result))
  }
  return {
    ...(successful.length > 0 && { Successful: successful }),
    ...(failed.length > 0 && { Failed: failed }),
  }
}

function attempt<Entry, Item>(prepare: (entry: Entry) => Item, entry: Entry): Item | SqsError {
  try {
    return prepare(entry)
  } catch (error) {
    if (error instanceof SqsError) return error
    throw error
  }
}

function isFailure<Result>(result: Result | Problem): result is Problem {
  return typeof result === 'object' && result !== null && isProblem(result)
}

function failure(entry: BatchEntry, error: SqsError): BatchFailure {
  return { Id: entry.Id, SenderFault: error.senderFault, Code: error.code, Message: error.message }
}
