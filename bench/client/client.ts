/** What every client module exports: `connect(settings)`, with settings that are plain JSON. */

import type { LoadName, Round } from '../measure/contestant.ts'

export interface Client {
  round(load: LoadName, ms: number): Promise<Round>
  close(): Promise<void>
}

export interface ClientModule {
  connect(settings: unknown): Promise<Client>
}

/** To the client's process, and what it says. */
export type Order = { readonly load: LoadName; readonly ms: number } | 'close'
export type Report = { readonly ready: true } | { readonly round: Round } | { readonly error: string }
