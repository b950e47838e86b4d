/** Every transcript beside this file, played on the queue core. One test a scenario. */

import { equal } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Play } from './play.ts'
import { parseTranscript, type Scenario } from './transcript.ts'

const DIRECTORY = import.meta.dirname

for (const file of readdirSync(DIRECTORY).filter((name) => name.endsWith('.txt'))) {
  describe(file, () => {
    for (const scenario of parseTranscript(readFileSync(join(DIRECTORY, file), 'utf8'))) {
      it(scenario.title, () => playScenario(scenario))
    }
  })
}

/** Compares block by block, with the steps in both texts, so that a failure reads as a diff of the transcript. */
function playScenario({ blocks }: Scenario): void {
  const play = new Play()
  for (const { steps, expected } of blocks) {
    const heard: string[] = []
    for (const step of steps) heard.push(...lines(play, step))
    const done = [...steps.map(({ text }) => text), '----']
    equal([...done, ...heard].join('\n'), [...done, ...expected].join('\n'))
  }
}

function lines(play: Play, step: Parameters<Play['step']>[0]): readonly string[] {
  try {
    return play.step(step)
  } catch (error) {
    throw new Error(`line ${step.line}: ${step.text}`, { cause: error })
  }
}
