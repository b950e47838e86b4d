/** The benchmark's end of a client process. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { start, stop } from '../measure/child.ts'
import type { LoadName, Round } from '../measure/contestant.ts'
import type { Report } from './client.ts'

export interface ClientProcess extends AsyncDisposable {
  readonly pid: number
  round(load: LoadName, ms: number): Promise<Round>
}

/** `module` is the URL of a file that exports `connect`. */
export async function startClient(module: URL, settings: object): Promise<ClientProcess> {
  const script = new URL('./process.ts', import.meta.url).pathname
  const child = start({
    role: 'client',
    command: process.execPath,
    args: [script, module.href, JSON.stringify(settings)],
    ipc: true,
  })
  // A client library that prints must not wait for a reader.
  child.stdout?.resume()
  const ended = once(child, 'exit').then(() => new Error(`the client ${module.pathname} ended`))
  const heard = async (): Promise<Report> => {
    const answer = await Promise.race([nextMessage(child), ended])
    if (answer instanceof Error) throw answer
    if ('error' in answer) throw new Error(answer.error)
    return answer
  }
  try {
    await heard()
  } catch (error) {
    await stop(child)
    throw error
  }
  return {
    pid: child.pid!,
    round: async (load, ms) => {
      child.send({ load, ms })
      const report = await heard()
      if (!('round' in report)) throw new Error('the client did not report a round')
      return report.round
    },
    [Symbol.asyncDispose]: async () => {
      child.send('close')
      await stop(child)
    },
  }
}

export const SQS_CLIENT = new URL('./sqs-client.ts', import.meta.url)

function nextMessage(child: ChildProcess): Promise<Report> {
  return new Promise((resolve) => child.once('message', (report) => resolve(report as Report)))
}
