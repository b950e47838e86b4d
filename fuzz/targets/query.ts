/** The Query protocol: the input is the form. Its seeds are the JSON ones', written as forms. */

import { Service } from '../service.ts'
import { must, type Target } from '../target.ts'
import { CALLS } from './json.ts'

const service = new Service()

export const query: Target = {
  name: 'query',
  words: [
    '&',
    '=',
    '.',
    '%',
    '+',
    '%00',
    '%ff',
    '%f0%9f%98%80',
    '.1',
    '.0',
    '.10',
    '.99999999',
    'Attribute.1.Name=',
    'Entry.',
    '__proto__',
    'Action=',
    'Version=2012-11-05',
  ],
  seeds: () =>
    CALLS.map(([action, input]) => Buffer.from([`Action=${action}`, ...form('', input)].join('&'))),
  run: async (input) => {
    const header = (name: string): string | undefined => (name === 'host' ? 'localhost:9324' : undefined)
    const text = await service.ask({ method: 'POST', target: '/000000000000/orders', header, body: input })
    // An unknown action has an answer of its own, as with SQS.
    must(
      text.startsWith('<?xml') || text === '<UnknownOperationException/>',
      `the answer is no XML: ${text.slice(0, 100)}`,
    )
  },
  close: () => service.close(),
}

/** Lists are numbered and flattened under their singular, maps are numbered pairs. */
function form(path: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`${path}=${encodeURIComponent(String(value))}`]
  const under = (name: string): string => (path === '' ? name : `${path}.${name}`)
  if (Array.isArray(value))
    return value.flatMap((item, index) => form(`${path.replace(/s$|ies$/, '')}.${index + 1}`, item))
  if (!/Attributes|tags/i.test(path.split('.').at(-1) ?? ''))
    return Object.entries(value).flatMap(([name, item]) => form(under(name), item))
  const single = path.replace(/s$/, '')
  return Object.entries(value).flatMap(([name, item], index) => [
    `${single}.${index + 1}.Name=${encodeURIComponent(name)}`,
    ...form(`${single}.${index + 1}.Value`, item),
  ])
}
