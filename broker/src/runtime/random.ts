/** The only door to chance. */

import { randomFillSync, randomUUID } from 'node:crypto'

export interface Random {
  bytes(count: number): Uint8Array
  uuid(): string
}

export const systemRandom: Random = {
  bytes: (count) => randomFillSync(new Uint8Array(count)),
  uuid: () => randomUUID(),
}
