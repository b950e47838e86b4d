/** Standard output for commands that print much: waits when the reader is slower, ends when it goes away. */

import { once } from 'node:events'

const BUFFERED_CHARACTERS_MAX = 64 * 1024

export class Output {
  #text = ''

  /** Returns a promise where the caller has to wait before it goes on. */
  line(text: string): Promise<void> | undefined {
    this.#text += `${text}\n`
    return this.#text.length < BUFFERED_CHARACTERS_MAX ? undefined : this.flush()
  }

  async flush(): Promise<void> {
    const text = this.#text
    this.#text = ''
    if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain')
  }
}
