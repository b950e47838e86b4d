/** A purge or a deletion takes effect at once, however much there is; what it leaves behind is out of reach. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLiveAt } from '../../src/queue/relocate.ts'
import { newCore } from '../support/core.ts'
