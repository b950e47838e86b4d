/** One page of names out of the pages of all shards. */

interface Page {
  readonly names: readonly string[]
  readonly more: boolean
}

/** Each page holds its shard's first `limit` names in order, so the first of all are among them. */
export function mergePages(pages: readonly Page[], limit: number): Page {
  const names = pages.flatMap((page) => page.names).sort((a, b) => (a < b ? -1 : 1))
  return { names: names.slice(0, limit), more: names.length > limit || pages.some(({ more }) => more) }
}
