/**
 * Plays the steps of a scenario on the queue core and says what came of each, one line an outcome that is worth
 * one: a success that everybody expects says nothing. Messages are called by their bodies, times count from the
 * scenario's beginning.
 *
 *     queue NAME …         makes a queue; set [queue=NAME] … changes it; what follows are its attributes
 *     send, batch          "body" with group= dedup= delay= priority= size=; a body's own options stand behind it
 *     receive              max= visibility= wait= attempt=; show=count,first,sent,source,group,dedup,seq
 *     delete, change, undo "body", or "body"#2 for the handle of its second receive, or handle=TEXT
 *     counts, deadline, attributes, tags, list, sources, tasks       what they are
 *     start, run, cancel   a move task: id= from= to= rate=; run carries out what it may do by now
 *     roll, trim           begins a segment of the log; moves what lives in the oldest one and drops it
 *
 * `queue=` names the queue that is meant; without it the scenario's first.
 */

import { deepEqual, ok } from 'node:assert/strict'
import type { Outgoing } from '../../src/queue/command.ts'
import { SECOND_MS } from '../../src/queue/limits.ts'
import { DUE_AT } from '../../src/queue/message-table.ts'
import { isProblem, type Problem } from '../../src/queue/problem.ts'
import type { Taken } from '../../src/queue/receive.ts'
import { durationMs } from '../../src/runtime/duration.ts'
import { Core } from '../support/core.ts'
import { dump } from '../support/dump.ts'
import { assertSound } from '../support/sound.ts'
import { attributesOf } from './attributes-of.ts'
import type { Body, Step } from './transcript.ts'

const BEGIN_AT = 1_800_000_000_000

type Lines = readonly string[]
const NOTHING: Lines = []

export class Play {
  #core: Core = new Core({ now: BEGIN_AT })
  #now = BEGIN_AT
  #queue = ''
  /** Bodies by sequence number, and handles by body, the oldest first. */
  readonly #bodies = new Map<number, string>()
  readonly #handles = new Map<string, string[]>()
  #trimmed = false

  step(step: Step): Lines {
    if (step.at !== undefined) this.#pass(step.at)
    const verb = this.#verbs[step.verb]
    ok(verb !== undefined, `line ${step.line}: no such verb as "${step.verb}"`)
    const lines = verb(step)
    this.#check()
    return lines
  }

  /** Whatever was done: the state is sound, and its log says the same. */
  #check(): void {
    assertSound(this.#core.state)
    const recovered = this.#core.recovered()
    assertSound(recovered)
    // Time may have passed since the last event; a recovery catches up with it.
    this.#core.state.advance(this.#now)
    recovered.advance(this.#now)
    const turns = !this.#trimmed
    deepEqual(dump(recovered, { turns }), dump(this.#core.state, { turns }), 'the log tells another story')
  }

  #pass(at: string): void {
    const now = BEGIN_AT + msOf(at)
    ok(now >= this.#now, `time does not go back to ${at}`)
    this.#now = now
  }

  readonly #verbs: Readonly<Record<string, (step: Step) => Lines>> = {
    broker: (step) => {
      this.#core = new Core({ now: this.#now, awsWaits: step.words.includes('aws-waits') })
      return NOTHING
    },
    queue: (step) => this.#createQueue(step),
    set: (step) => {
      const attributes = attributesOf(step.options, step.words)
      return said(
        this.#core.submit({ kind: 'setAttributes', queue: this.#named(step), attributes }, this.#now),
      )
    },
    send: (step) => step.bodies.flatMap((body) => this.#send(step, [body], false)),
    batch: (step) => this.#send(step, step.bodies, true),
    receive: (step) => this.#receive(step),
    delete: (step) => {
      const command = { kind: 'delete', queue: this.#named(step), receipts: this.#receipts(step) } as const
      const answer = this.#core.submit(command, this.#now)
      return isProblem(answer) ? said(answer) : answer.results.flatMap(said)
    },
    change: (step) => this.#change(step),
    undo: (step) => {
      const command = {
        kind: 'undoReceive',
        queue: this.#named(step),
        receipts: this.#receipts(step),
      } as const
      return said(this.#core.submit(command, this.#now))
    },
    purge: (step) => said(this.#core.submit({ kind: 'purgeQueue', queue: this.#named(step) }, this.#now)),
    'delete-queue': (step) =>
      said(this.#core.submit({ kind: 'deleteQueue', queue: this.#named(step) }, this.#now)),
    expire: () => {
      this.#core.expire(this.#now)
      return NOTHING
    },
    pass: () => NOTHING,
    roll: () => {
      this.#core.roll()
      return NOTHING
    },
    trim: () => {
      ok(this.#core.trim(this.#now), 'there is no segment to trim that was closed five minutes ago')
      this.#trimmed = true
      return NOTHING
    },
    counts: (step) => this.#counts(step),
    deadline: () => {
      this.#core.state.advance(this.#now)
      const at = this.#core.state.nextDeadline()
      return [at === undefined ? 'no deadline' : `next deadline ${this.#clock(at)}`]
    },
    attributes: (step) => this.#attributes(step),
    tag: (step) => {
      const command = { kind: 'tagQueue', queue: this.#queue, tags: step.options } as const
      return said(this.#core.submit(command, this.#now))
    },
    untag: (step) => {
      const command = { kind: 'untagQueue', queue: this.#queue, keys: step.words } as const
      return said(this.#core.submit(command, this.#now))
    },
    tags: (step) => this.#tags(step),
    list: (step) => {
      const { prefix = '', after, limit = '1000' } = step.options
      const page = { prefix, limit: Number(limit), ...(after === undefined ? {} : { after }) }
      return names(this.#core.submit({ kind: 'listQueues', ...page }, this.#now))
    },
    sources: (step) => {
      const { after, limit = '1000' } = step.options
      const page = { limit: Number(limit), ...(after === undefined ? {} : { after }) }
      return names(
        this.#core.submit({ kind: 'listDeadLetterSources', queue: this.#named(step), ...page }, this.#now),
      )
    },
    permit: (step) => this.#permit(step),
    revoke: (step) => {
      const command = { kind: 'removePermission', queue: this.#queue, label: step.words[0]! } as const
      return said(this.#core.submit(command, this.#now))
    },
    start: (step) => this.#startTask(step),
    run: (step) => this.#runTask(step.options['from'] ?? this.#queue),
    cancel: (step) => {
      const source = step.options['from'] ?? this.#queue
      const command = { kind: 'cancelMoveTask', source, taskId: step.options['id']! } as const
      const answer = this.#core.submit(command, this.#now)
      return isProblem(answer) ? said(answer) : [`cancelled after ${answer.moved}`]
    },
    tasks: (step) => this.#tasks(step),
  }

  #createQueue(step: Step): Lines {
    const [name, ...words] = step.words
    const tags: Record<string, string> = {}
    const options: Record<string, string> = {}
    for (const [key, value] of Object.entries(step.options)) {
      if (key.startsWith('tag:')) tags[key.slice('tag:'.length)] = value
      else options[key] = value
    }
    const attributes = attributesOf(options, name!.endsWith('.fifo') ? ['fifo', ...words] : words)
    const answer = this.#core.submit({ kind: 'createQueue', name: name!, attributes, tags }, this.#now)
    if (this.#queue === '') this.#queue = name!
    return said(answer)
  }

  #send(step: Step, bodies: readonly Body[], batch: boolean): Lines {
    const entries = bodies.map((body) => outgoing(body.text, { ...step.options, ...body.options }))
    const fresh = this.#core.state.nextSeq
    const answer = this.#core.submit({ kind: 'send', queue: this.#named(step), entries, batch }, this.#now)
    if (isProblem(answer)) return said(answer)
    return answer.results.flatMap((result, index) => {
      const body = bodies[index]!.text
      if (isProblem(result)) return said(result).map((text) => `"${body}" ${text}`)
      const known = this.#bodies.get(result.seq)
      if (known !== undefined || result.seq < fresh) return [`duplicate of "${known}"`]
      this.#bodies.set(result.seq, body)
      return NOTHING
    })
  }

  #receive(step: Step): Lines {
    const { max = '1', visibility, wait, attempt } = step.options
    const command = {
      kind: 'receive',
      queue: this.#named(step),
      max: Number(max),
      ...(visibility === undefined ? {} : { visibilitySeconds: msOf(visibility) / SECOND_MS }),
      ...(wait === undefined ? {} : { waitSeconds: msOf(wait) / SECOND_MS }),
      ...(attempt === undefined ? {} : { attemptId: attempt }),
    } as const
    const answer = this.#core.submit(command, this.#now)
    if (isProblem(answer)) return said(answer)
    const first = answer.taken[0]
    if (first === undefined) {
      return [answer.waitMs === 0 ? 'nothing' : `nothing, waits ${this.#clock(BEGIN_AT + answer.waitMs)}`]
    }
    const shown = step.options['show']?.split(',') ?? []
    const until = this.#core.state.messages.number(this.#core.state.index.get(first.seq), DUE_AT)
    return [
      `delivered ${answer.taken.map((taken) => this.#taken(taken, shown)).join(' ')} until=${this.#clock(until)}`,
    ]
  }

  #taken(taken: Taken, shown: readonly string[]): string {
    const { group, dedupId, content } = this.#core.read(taken.position)
    const body = Buffer.from(content).toString()
    this.#bodies.set(taken.seq, body)
    const handles = this.#handles.get(body) ?? []
    this.#handles.set(body, [...handles, taken.receipt])
    const facts: Readonly<Record<string, string | undefined>> = {
      count: String(taken.receiveCount),
      first: this.#clock(taken.firstReceivedAt),
      sent: this.#clock(taken.sentAt),
      source: taken.deadLetterSource,
      group,
      dedup: dedupId,
      seq: String(taken.seq),
    }
    const details = shown.map((name) => `${name}=${facts[name] ?? 'none'}`)
    return details.length === 0 ? `"${body}"` : `"${body}"(${details.join(' ')})`
  }

  #receipts(step: Step): readonly string[] {
    if (step.options['handle'] !== undefined) return [step.options['handle']]
    return step.bodies.map(({ text, receive }) => {
      const handles = this.#handles.get(text) ?? []
      const handle = receive === undefined ? handles.at(-1) : handles[receive - 1]
      ok(handle !== undefined, `line ${step.line}: "${text}" was not received like that`)
      return handle
    })
  }

  #change(step: Step): Lines {
    const entries = this.#receipts(step).map((receipt, index) => ({
      receipt,
      visibilitySeconds: msOf({ ...step.options, ...step.bodies[index]?.options }['visibility']!) / SECOND_MS,
    }))
    const answer = this.#core.submit(
      { kind: 'changeVisibility', queue: this.#named(step), entries },
      this.#now,
    )
    return isProblem(answer) ? said(answer) : answer.results.flatMap(said)
  }

  #counts(step: Step): Lines {
    const answer = this.#core.submit({ kind: 'describeQueue', queue: this.#named(step) }, this.#now)
    if (isProblem(answer)) return said(answer)
    return [`visible=${answer.visible} in-flight=${answer.inFlight} delayed=${answer.delayed}`]
  }

  #attributes(step: Step): Lines {
    const answer = this.#core.submit({ kind: 'describeQueue', queue: this.#named(step) }, this.#now)
    if (isProblem(answer)) return said(answer)
    const wanted = step.words.length === 0 ? Object.keys(answer.attributes) : step.words
    return wanted.map((name) => `${name}=${answer.attributes[name] ?? 'none'}`)
  }

  #tags(step: Step): Lines {
    const answer = this.#core.submit({ kind: 'describeQueue', queue: this.#named(step) }, this.#now)
    if (isProblem(answer)) return said(answer)
    const tags = Object.entries(answer.tags).map(([key, value]) => `${key}=${value}`)
    return [tags.length === 0 ? 'none' : tags.join(' ')]
  }

  #permit(step: Step): Lines {
    const command = {
      kind: 'addPermission',
      queue: this.#queue,
      queueArn: arn(this.#queue),
      label: step.words[0]!,
      accountIds: step.options['accounts']!.split(','),
      actions: step.options['actions']!.split(','),
    } as const
    return said(this.#core.submit(command, this.#now))
  }

  #startTask(step: Step): Lines {
    const { id = 'task', from = this.#queue, to, rate } = step.options
    const command = {
      kind: 'startMoveTask',
      source: from,
      sourceArn: arn(from),
      taskId: id,
      ...(to === undefined ? {} : { destination: to, destinationArn: arn(to) }),
      ...(rate === undefined ? {} : { messagesPerSecondMax: Number(rate) }),
    } as const
    return said(this.#core.submit(command, this.#now))
  }

  #runTask(from: string): Lines {
    const lines: string[] = []
    for (;;) {
      const next = this.#core.moveOne(from, this.#now)
      switch (next.kind) {
        case 'idle':
          return [...lines, 'idle']
        case 'wait':
          return [...lines, `waits until ${this.#clock(next.at)}`]
        case 'over':
          return [...lines, [next.status, next.failureReason].filter((part) => part !== undefined).join(' ')]
        case 'move':
          lines.push(`moved "${this.#bodies.get(next.seq) ?? next.seq}"`)
      }
    }
  }

  #tasks(step: Step): Lines {
    const { from = this.#queue, limit = '10' } = step.options
    const answer = this.#core.submit({ kind: 'listMoveTasks', source: from, limit: Number(limit) }, this.#now)
    if (isProblem(answer)) return said(answer)
    return answer.tasks.map(({ taskId, status, moved, toMove, failureReason = '' }) =>
      `${taskId} ${status} ${moved} of ${toMove} ${failureReason}`.trim(),
    )
  }

  #named(step: Step): string {
    return step.options['queue'] ?? this.#queue
  }

  #clock(at: number): string {
    return `${(at - BEGIN_AT) / SECOND_MS}s`
  }
}

function msOf(text: string): number {
  const ms = durationMs(text)
  ok(ms !== undefined, `"${text}" is no length of time`)
  return ms
}

export function arn(name: string): string {
  return `arn:aws:sqs:us-east-1:000000000000:${name}`
}

function outgoing(body: string, options: Readonly<Record<string, string>>): Outgoing {
  const { group, dedup, delay, priority, size } = options
  return {
    content: Buffer.from(body),
    contentHash: `hash of ${body}`,
    size: size === undefined ? body.length : Number(size),
    ...(group === undefined ? {} : { group }),
    ...(dedup === undefined ? {} : { dedupId: dedup }),
    ...(delay === undefined ? {} : { delaySeconds: msOf(delay) / SECOND_MS }),
    ...(priority === undefined ? {} : { priority: Number(priority) }),
  }
}

function names(answer: { readonly names: readonly string[]; readonly more: boolean } | Problem): Lines {
  if (isProblem(answer)) return said(answer)
  const listed = answer.names.length === 0 ? 'none' : answer.names.join(' ')
  return [answer.more ? `${listed} and more` : listed]
}

/** A client's mistake in one line; nothing where there is none. */
function said(answer: object | Problem | undefined): Lines {
  if (!isProblem(answer)) return NOTHING
  const { problem, value: _, receipt: __, ...rest } = answer as Problem & { value?: string; receipt?: string }
  return [['refused', problem, Object.values(rest).join(': ')].join(' ').trim()]
}
