/** The suite over JSON, on a broker of several shards: no rule of SQS may tell whether two queues share one. */

import './suite.ts'
import { runOver } from './scene.ts'

await runOver('JSON', { shards: 4 })
