/** A number and what is counted, as English has it: `1 segment`, `2 segments`. */

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
