/**
 * Curves as an SVG picture: one small panel each, the x axis in decades, all with the same y axis from zero, so that
 * what is flat looks flat. A curve that leaves the others far behind has a y axis of its own, and says so.
 */

export interface Curve {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

const COLUMNS = 4
const PANEL = { width: 230, height: 190, left: 42, right: 14, top: 34, bottom: 28 }
const HEAD = 52
/** Beyond so many times the common height a curve gets its own axis. */
const OUTLIER = 2
const INK = '#1f2937'
const FAINT = '#d1d5db'
const LINE = '#2563eb'

export function drawing(title: string, subtitle: string, curves: readonly Curve[]): string {
  const columns = Math.min(COLUMNS, curves.length)
  const width = columns * PANEL.width
  const height = HEAD + Math.ceil(curves.length / columns) * PANEL.height
  const common = commonHeight(curves)
  const panels = curves.map((curve, index) => {
    const x = (index % columns) * PANEL.width
    const y = HEAD + Math.floor(index / columns) * PANEL.height
    return `<g transform="translate(${x} ${y})">${panel(curve, common)}</g>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="10" fill="${INK}">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="14" font-weight="bold">${escaped(title)}</text>`,
    `<text x="12" y="38">${escaped(subtitle)}</text>`,
    ...panels,
    '</svg>\n',
  ].join('\n')
}

function commonHeight(curves: readonly Curve[]): number {
  const tops = curves.map(top).toSorted((a, b) => a - b)
  const typical = tops[tops.length >> 1] ?? 1
  return Math.max(...tops.filter((each) => each <= typical * OUTLIER))
}

function panel(curve: Curve, common: number): string {
  const own = top(curve) > common
  const max = niceAbove(own ? top(curve) : common)
  const xs = curve.points.map(({ x }) => Math.log10(x))
  const [first, last] = [Math.min(...xs), Math.max(...xs)]
  const plotWidth = PANEL.width - PANEL.left - PANEL.right
  const plotHeight = PANEL.height - PANEL.top - PANEL.bottom
  const xOf = (x: number): number => PANEL.left + ((Math.log10(x) - first) / (last - first || 1)) * plotWidth
  const yOf = (y: number): number => PANEL.top + (1 - y / max) * plotHeight
  const path = curve.points.map(({ x, y }) => `${xOf(x).toFixed(1)},${yOf(y).toFixed(1)}`).join(' ')
  return [
    `<text x="${PANEL.left}" y="${PANEL.top - 12}" font-weight="bold">${escaped(curve.name)}${own ? ' (own axis)' : ''}</text>`,
    ...[0, max / 2, max].map((y) => level(y, yOf(y))),
    ...curve.points.map(({ x }) => label(xOf(x), PANEL.height - PANEL.bottom + 14, short(x), 'middle')),
    `<polyline points="${path}" fill="none" stroke="${LINE}" stroke-width="2"/>`,
    ...curve.points.map(
      ({ x, y }) => `<circle cx="${xOf(x).toFixed(1)}" cy="${yOf(y).toFixed(1)}" r="3" fill="${LINE}"/>`,
    ),
    ...curve.points.map(({ x, y }) => label(xOf(x), yOf(y) - 7, y.toPrecision(3), 'middle')),
  ].join('\n')
}

function level(value: number, y: number): string {
  const line = `<line x1="${PANEL.left}" x2="${PANEL.width - PANEL.right}" y1="${y}" y2="${y}" stroke="${FAINT}"/>`
  return line + label(PANEL.left - 5, y + 3, short(value), 'end')
}

function label(x: number, y: number, text: string, anchor: 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${text}</text>`
}

function top({ points }: Curve): number {
  return Math.max(...points.map(({ y }) => y))
}

/** The next of 1, 2, 5, 10, 20, … with some room for the labels. */
function niceAbove(value: number): number {
  const room = value * 1.15
  const decade = 10 ** Math.floor(Math.log10(room))
  return decade * ([1, 2, 5].find((step) => step * decade >= room) ?? 10)
}

function short(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`
  return value >= 1000 ? `${value / 1000}k` : String(value)
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
