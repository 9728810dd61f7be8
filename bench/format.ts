import { type Measured, ratioOf } from './compare.ts'
import type { Door } from './contestants.ts'
import type { Spread } from './statistics.ts'

export const DOORS: Readonly<Record<Door, string>> = {
  front: 'front Worker',
  socket: 'own socket',
}

export const AIM_BETTER_AUTH = 2
export const whole = (value: number) => Math.round(value).toLocaleString('en-US')
export const twoPlaces = (value: number) => value.toFixed(2)
export const spread = (value: Spread, format: (n: number) => string) =>
  `${format(value.median)} (${format(value.least)} to ${format(value.most)})`
export const verdict = (reached: boolean) => (reached ? 'yes' : 'no')
export const kilobytes = (bytes: number) => `${whole(bytes / 1000)} kB`
export const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

export function named(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name)
  if (!found) throw new Error(`${name} was not measured`)
  return found
}

export function ratioRow(door: Door, what: string, ours: Measured, theirs: Measured, aim: number): string[] {
  const ratio = ratioOf(ours, theirs)
  const byCpu = ours.cpu === null || theirs.cpu === null ? '' : twoPlaces(theirs.cpu / ours.cpu)
  return [DOORS[door], what, theirs.name, spread(ratio, twoPlaces), byCpu, `${aim}`, verdict(ratio.median >= aim)]
}

export const RATIO_HEAD = ['door', 'Postern', 'beside', 'ratio', 'by CPU', 'aim', 'reached']

export const rateRow = (where: string, what: string, { name, perSecond, p50, p95, cpu }: Measured) => [
  where,
  what,
  name,
  spread(perSecond, whole),
  twoPlaces(p50),
  twoPlaces(p95),
  cpu === null ? '' : whole(cpu),
]

export const RATE_HEAD = ['door', 'call', 'Worker', 'answers/s', 'p50 ms', 'p95 ms', 'workerd CPU µs']
