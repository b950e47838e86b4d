/** One request of a client and what became of it. */

import type { Wire } from './wire.ts'

/** A message as its sender meant it. */
export interface Letter {
  readonly token: string
  readonly body: string
  readonly attributes: Readonly<Record<string, string>>
  readonly group: string | undefined
  /** The deduplication id that counts, or undefined. */
  readonly dedupId: string | undefined
  /** It is the body's hash, and not sent along. */
  readonly byContent: boolean
  readonly delaySeconds: number | undefined
  readonly priority: number | undefined
}

/** A message as a client got it. */
export interface Held {
  readonly queue: string
  readonly receipt: string
  readonly token: string
}

export type Action =
  | {
      readonly kind: 'send'
      readonly queue: string
      readonly letters: readonly Letter[]
      readonly batch: boolean
    }
  | {
      readonly kind: 'receive'
      readonly queue: string
      readonly max: number
      readonly visibilitySeconds: number | undefined
      readonly waitSeconds: number | undefined
      readonly attemptId: string | undefined
    }
  | {
      readonly kind: 'delete'
      readonly queue: string
      readonly receipts: readonly string[]
      readonly batch: boolean
    }
  | {
      readonly kind: 'extend'
      readonly queue: string
      readonly receipts: readonly string[]
      readonly seconds: number
      readonly batch: boolean
    }
  | {
      readonly kind: 'create'
      readonly queue: string
      readonly attributes: Readonly<Record<string, string>>
      readonly tags: Readonly<Record<string, string>>
    }
  | { readonly kind: 'change'; readonly queue: string; readonly attributes: Readonly<Record<string, string>> }
  | { readonly kind: 'tag'; readonly queue: string; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'untag'; readonly queue: string; readonly keys: readonly string[] }
  | { readonly kind: 'remove' | 'purge' | 'count'; readonly queue: string }
  | {
      readonly kind: 'redrive'
      readonly queue: string
      readonly destination: string | undefined
      readonly perSecond: number | undefined
    }
  | { readonly kind: 'cancel'; readonly queue: string; readonly handle: string }
  | { readonly kind: 'tasks' | 'locate' | 'listTags'; readonly queue: string }
  | ({ readonly kind: 'listSources'; readonly queue: string } & Page)
  /** Of all queues whose names begin so; `queue` is none. */
  | ({ readonly kind: 'listQueues'; readonly queue: ''; readonly prefix: string } & Page)
  | {
      readonly kind: 'permit'
      readonly queue: string
      readonly label: string
      readonly accounts: readonly string[]
      readonly actions: readonly string[]
    }
  | { readonly kind: 'revoke'; readonly queue: string; readonly label: string }

/** A page of names: how many at most, and behind which (the name that was last, and its token). */
export interface Page {
  readonly max: number | undefined
  readonly after: { readonly name: string; readonly token: string } | undefined
}

/** What an answer says, whichever protocol brought it. */
export type Answer =
  | { readonly kind: 'done'; readonly output: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly status: number; readonly code: string; readonly text: string }
  /** No answer: the connection broke, or there was nobody. */
  | { readonly kind: 'lost' }

export interface Moment {
  /** What a question must be answered with (readings.ts). */
  readonly reading: string | undefined
  /** The codes of refusals that were deserved. */
  readonly refusals: readonly string[]
  /** The disk had no room: sends may be refused. */
  readonly full: boolean
}

export interface Exchange {
  readonly action: Action
  readonly wire: Wire
  readonly startedAt: number
  readonly hangUp: AbortController
  hungUp: boolean
  /** Where the journal ended when the command was decided. */
  rests: number
  /** What was so when the broker first looked; undefined until then. */
  moment: Moment | undefined
  readonly done: (answer: Answer) => void
}

/** Where clients send their requests. */
export interface Server {
  /** The answer comes when the broker has one. */
  request(exchange: Exchange): void
  /** The broker's time, 0 while there is none. */
  now(): number
}
