/**
 * Asks a broker that is cut off from Kafka about queues that others own by now, though it still believes that some are
 * its own. Whatever it answers from memory is old: that a queue is empty, or that there is nothing to delete. It has to
 * ask the new owner, or to refuse.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { callOnce, TryAgain } from './traffic.ts'

/** So many that every broker has some. */
const QUEUES_COUNT = 12
const AGAIN_MS = 50

interface Received {
  readonly Messages?: readonly { readonly Body: string; readonly ReceiptHandle: string }[]
}

export class Stranded {
  readonly wrong: string[] = []
  refused = 0
  answered = 0
  readonly #stranded: string
  readonly #sound: string
  /** What was received from the new owner, and has to be deleted. */
  readonly #handles = new Map<string, string>()
  readonly #deleted = new Set<string>()

  readonly #queues: readonly string[]

  /** `name`: what its queues are called. */
  constructor(name: string, stranded: string, sound: string) {
    this.#queues = Array.from({ length: QUEUES_COUNT }, (_, index) => `${name}-${index}`)
    this.#stranded = stranded
    this.#sound = sound
  }

  async createQueues(): Promise<void> {
    for (const QueueName of this.#queues) await this.#surely('CreateQueue', { QueueName })
  }

  /** Two messages to each queue, of which one is received: what the stranded one cannot know. */
  async othersGoOn(): Promise<void> {
    await Promise.all(
      this.#queues.map(async (queue) => {
        for (const MessageBody of ['first', 'second']) {
          await this.#surely('SendMessage', { QueueUrl: urlOf(queue), MessageBody })
        }
        const { Messages = [] } = (await this.#surely('ReceiveMessage', {
          QueueUrl: urlOf(queue),
          VisibilityTimeout: 600,
        })) as Received
        this.#handles.set(queue, Messages[0]!.ReceiptHandle)
      }),
    )
  }

  async askStranded(): Promise<void> {
    await Promise.all(
      this.#queues.flatMap((queue) => [
        this.#ask(async () => {
          const answer = await callOnce(this.#stranded, 'ReceiveMessage', { QueueUrl: urlOf(queue) })
          const { Messages = [] } = answer as Received
          if (Messages.length === 0) this.wrong.push(`${queue} is said to be empty`)
        }),
        this.#ask(async () => {
          const ReceiptHandle = this.#handles.get(queue)!
          await callOnce(this.#stranded, 'DeleteMessage', { QueueUrl: urlOf(queue), ReceiptHandle })
          this.#deleted.add(queue)
        }),
      ]),
    )
  }

  /** The queues whose message is still there though its deletion was acknowledged. */
  async lostDeletes(): Promise<readonly string[]> {
    const lost: string[] = []
    for (const queue of this.#deleted) {
      const asked = { QueueUrl: urlOf(queue), AttributeNames: ['All'] }
      const { Attributes } = (await this.#surely('GetQueueAttributes', asked)) as {
        readonly Attributes: Readonly<Record<string, string>>
      }
      const left =
        Number(Attributes['ApproximateNumberOfMessages']) +
        Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
      if (left !== 1) lost.push(`${queue} has ${left} messages`)
    }
    return lost
  }

  async #ask(question: () => Promise<void>): Promise<void> {
    try {
      await question()
      this.answered += 1
    } catch (error) {
      if (!(error instanceof TryAgain)) throw error
      this.refused += 1
    }
  }

  /** Of a broker that is sound, until it answers. */
  async #surely(action: string, input: object): Promise<unknown> {
    for (;;) {
      try {
        return await callOnce(this.#sound, action, input)
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error
        await sleep(AGAIN_MS)
      }
    }
  }
}

function urlOf(queue: string): string {
  return `http://queues/000000000000/${queue}`
}
