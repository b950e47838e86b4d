/** All there is to fuzz. */

import type { Target } from './target.ts'
import { events } from './targets/events.ts'
import { http } from './targets/http.ts'
import { json } from './targets/json.ts'
import { query } from './targets/query.ts'
import { receipts } from './targets/receipts.ts'
import { segments } from './targets/segments.ts'

export const TARGETS: readonly Target[] = [segments, events, json, query, receipts, http]
