/**
 * Receipt handles of spread queues: those of a part have its number in front, `3.` for part 3; those of the home are as
 * they are, so that a queue's handles stay good when it is spread.
 */

const OF_PART = /^([1-9]\d{0,2})\.(.*)$/s

export interface PartReceipt {
  readonly part: number
  readonly receipt: string
}

export function wrapReceipt(part: number, receipt: string): string {
  return part === 0 ? receipt : `${part}.${receipt}`
}

/** A part that cannot be stands for the home, which finds the handle invalid. */
export function unwrapReceipt(handle: string, parts: number): PartReceipt {
  const [, part, receipt] = OF_PART.exec(handle) ?? []
  if (part === undefined || receipt === undefined || Number(part) >= parts)
    return { part: 0, receipt: handle }
  return { part: Number(part), receipt }
}
