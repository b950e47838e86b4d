/** The suite over JSON, spoken by `@aws-sdk/client-sqs`. */

import './suite.ts'
import { runOver } from './scene.ts'

await runOver('JSON')
