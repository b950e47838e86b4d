/** The suite over Query, spoken by version 2 of the JavaScript SDK. */

import './suite.ts'
import { runOver } from './scene.ts'

await runOver('Query')
