/** Makes a new input out of old ones: a few small changes, each of a kind that has found mistakes elsewhere. */

import type { Dice } from '../sim/dice.ts'

export const INPUT_BYTES_MAX = 40 * 1024
const NUMBERS = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]
const CHANGES_MAX = 6

type Change = (input: Buffer, dice: Dice, words: readonly string[], other: Buffer) => Buffer

const CHANGES: readonly Change[] = [
  (input, dice) => withByte(input, dice, (byte) => byte ^ (1 << dice.between(0, 7))),
  (input, dice) => withByte(input, dice, () => dice.between(0, 255)),
  (input, dice) => withByte(input, dice, (byte) => byte + (dice.chance(0.5) ? 1 : -1)),
  (input, dice) => replaced(input, place(input, dice), 4, numberBytes(dice)),
  (input, dice, words) => replaced(input, place(input, dice), 0, Buffer.from(dice.pick(words))),
  (input, dice, words) =>
    replaced(input, place(input, dice), dice.between(1, 12), Buffer.from(dice.pick(words))),
  (input, dice) => replaced(input, place(input, dice), dice.between(1, 64), Buffer.alloc(0)),
  (input, dice) => replaced(input, place(input, dice), 0, piece(input, dice)),
  (input, dice, _words, other) =>
    replaced(input, place(input, dice), dice.between(0, 32), piece(other, dice)),
  (input, dice, _words, other) =>
    Buffer.concat([input.subarray(0, place(input, dice)), other.subarray(place(other, dice))]),
  (input, dice) => Buffer.from(input.subarray(0, place(input, dice))),
]

export function mutate(input: Buffer, other: Buffer, words: readonly string[], dice: Dice): Buffer {
  let changed = Buffer.from(input)
  for (let left = dice.between(1, CHANGES_MAX); left > 0; left -= 1) {
    changed = Buffer.from(dice.pick(CHANGES)(changed, dice, words, other))
  }
  return changed.subarray(0, INPUT_BYTES_MAX)
}

function place(input: Buffer, dice: Dice): number {
  return dice.between(0, input.length)
}

function piece(input: Buffer, dice: Dice): Buffer {
  const from = place(input, dice)
  return input.subarray(from, from + dice.between(1, 64))
}

function replaced(input: Buffer, at: number, length: number, by: Buffer): Buffer {
  return Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)])
}

function withByte(input: Buffer, dice: Dice, change: (byte: number) => number): Buffer {
  if (input.length === 0) return Buffer.from([dice.between(0, 255)])
  const changed = Buffer.from(input)
  const at = dice.between(0, input.length - 1)
  changed[at] = change(changed[at]!) & 0xff
  return changed
}

function numberBytes(dice: Dice): Buffer {
  const bytes = Buffer.alloc(4)
  if (dice.chance(0.5)) bytes.writeUInt32LE(dice.pick(NUMBERS))
  else bytes.writeUInt32BE(dice.pick(NUMBERS))
  return bytes
}
