/** Any text as a receipt handle: it is one that this broker writes, letter for letter, or none. */

import { decodeReceipt, encodeReceipt } from '../../broker/src/queue/receipt.ts'
import { must, type Target } from '../target.ts'

const SALT = new Int32Array([1, -2, 3, -4])

export const receipts: Target = {
  name: 'receipts',
  words: ['A', '_', '-', '=', '\0', 'AQ'],
  seeds: () =>
    [encodeReceipt(1, 1, 1, SALT), encodeReceipt(2 ** 32 - 1, 2 ** 53 - 1, 3, SALT)].map((text) =>
      Buffer.from(text),
    ),
  run: (input) => {
    const handle = input.toString('latin1')
    const receipt = decodeReceipt(handle, SALT)
    if (receipt === undefined) return
    const { queueId, seq, receiveCount } = receipt
    must(encodeReceipt(queueId, seq, receiveCount, SALT) === handle, `two handles for one receive: ${handle}`)
  },
}
