import type { ColdStart } from './cold-start.ts'
import { type Measured, ratioOf } from './compare.ts'
import { CONNECTIONS, type Door } from './contestants.ts'
import type { Builds } from './deployments.ts'
import type { FanOut } from './fan-out.ts'
import { type ListCall, SIZES } from './lists.ts'
import type { Machine } from './machine.ts'
import type { Spread } from './statistics.ts'

export interface Checks {
  readonly door: Door
  readonly get: readonly Measured[]
  readonly post: readonly Measured[]
}

export interface Results {
  readonly machine: Machine
  readonly builds: Builds
  readonly checks: readonly Checks[]
  readonly signIn: readonly Measured[]
  readonly refresh: readonly Measured[]
  readonly fanOut: FanOut
  readonly lists: readonly ListCall[]
  readonly coldStarts: readonly ColdStart[]
}

const DOORS: Readonly<Record<Door, string>> = {
  front: 'front Worker',
  socket: 'own socket',
}

const AIM_BARE = 0.8
const AIM_BETTER_AUTH = 2
const AIM_GZIP_BYTES = 1_000_000

const whole = (value: number) => Math.round(value).toLocaleString('en-US')
const twoPlaces = (value: number) => value.toFixed(2)
const spread = (value: Spread, format: (n: number) => string) =>
  `${format(value.median)} (${format(value.least)} to ${format(value.most)})`
const verdict = (reached: boolean) => (reached ? 'yes' : 'no')
const kilobytes = (bytes: number) => `${whole(bytes / 1000)} kB`

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function named(measured: readonly Measured[], name: string): Measured {
  const found = measured.find((one) => one.name === name)
  if (!found) throw new Error(`${name} was not measured`)
  return found
}

const isBare = ({ name }: Measured) => name.startsWith('bare Hono')
const isBetterAuth = ({ name }: Measured) => name.startsWith('Better Auth')

function ratioRows({ door, get, post }: Checks): string[][] {
  const row = (what: string, ours: Measured, theirs: Measured, aim: number) => {
    const ratio = ratioOf(ours, theirs)
    const byCpu = ours.cpu === null || theirs.cpu === null ? '' : twoPlaces(theirs.cpu / ours.cpu)
    return [DOORS[door], what, theirs.name, spread(ratio, twoPlaces), byCpu, `${aim}`, verdict(ratio.median >= aim)]
  }
  const postern = named(get, 'Postern')
  return [
    row('GET /validate', postern, named(get, 'bare Hono'), AIM_BARE),
    ...post.filter(isBare).map((bare) => row('POST /validate', named(post, 'Postern'), bare, AIM_BARE)),
    ...get.filter(isBetterAuth).map((rival) => row('GET /validate', postern, rival, AIM_BETTER_AUTH)),
  ]
}

const rateRow = (where: string, what: string, { name, perSecond, p50, p95, cpu }: Measured) => [
  where,
  what,
  name,
  spread(perSecond, whole),
  twoPlaces(p50),
  twoPlaces(p95),
  cpu === null ? '' : whole(cpu),
]

function rateRows({ checks, signIn, refresh }: Results): string[][] {
  return [
    ...checks.flatMap(({ door, get, post }) => [
      ...get.map((one) => rateRow(DOORS[door], isBetterAuth(one) ? 'get-session' : 'GET /validate', one)),
      ...post.map((one) => rateRow(DOORS[door], 'POST /validate', one)),
    ]),
    ...signIn.map((one) => rateRow(DOORS.socket, 'sign-in', one)),
    ...refresh.map((one) => rateRow(DOORS.socket, 'refresh', one)),
  ]
}

function coldStartRows(coldStarts: readonly ColdStart[]): string[][] {
  const bare = coldStarts[0]?.total ?? Number.NaN
  return coldStarts.map(({ name, total, firstAnswer }) => [name, whole(total), whole(total - bare), whole(firstAnswer)])
}

function listRows(lists: readonly ListCall[]): string[][] {
  return lists.map(({ name, times }) => {
    const [few, many] = times.map(({ median }) => median)
    const ratio = (many ?? Number.NaN) / (few ?? Number.NaN)
    return [`\`${name}\``, ...times.map((time) => spread(time, twoPlaces)), twoPlaces(ratio)]
  })
}

const bundleRows = ({ postern, bareHono, betterAuth }: Builds): string[][] =>
  [['Postern', postern] as const, ['bare Hono', bareHono] as const, ['Better Auth', betterAuth] as const].map(
    ([name, { bytes, gzipBytes }]) => [
      name,
      kilobytes(bytes),
      kilobytes(gzipBytes),
      name === 'Postern' ? verdict(gzipBytes < AIM_GZIP_BYTES) : '',
    ],
  )

export function renderReport(results: Results): string {
  const { machine, builds, checks, fanOut, lists, coldStarts } = results
  return `# Bench results

Written by \`npm run bench\`. All Workers run in one workerd with real D1, KV and objects; \`bench/README.md\` says how.

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}. Node ${machine.node}, ${machine.workerd}, Hono ${machine.hono}, Better Auth ${machine.betterAuth}.
${CONNECTIONS} connections, rounds interleaved; median (least to most) of the rounds.

## Ratios

How many times the other's answers a second Postern gives, round by round. By CPU: the other's CPU time an answer, divided by Postern's.

${table(['door', 'Postern', 'beside', 'ratio', 'by CPU', 'aim', 'reached'], checks.flatMap(ratioRows))}

## Rates

${table(['door', 'call', 'Worker', 'answers/s', 'p50 ms', 'p95 ms', 'workerd CPU µs'], rateRows(results))}

## Fan-out

One platform event to ${whole(fanOut.subscribers)} websocket subscribers, ${fanOut.events} times; from the event's own time to its arrival.

${table(['p50 ms', 'p95 ms', 'last ms'], [[fanOut.p50, fanOut.p95, fanOut.most].map(whole)])}

## Lists

What admins ask, one call at a time, at two sizes of the table: milliseconds, and how many times as long the large one takes. The paths are those of the large table.

${table(['call', ...SIZES.map((size) => `${whole(size)} users`), 'ratio'], listRows(lists))}

## Bundle

${table(['Worker', 'size', 'gzip', 'under 1 MB gzip'], bundleRows(builds))}

## Cold start

A fresh workerd until the first answer; Postern's and Better Auth's is a full check of a session in storage.

${table(['Worker', 'total ms', 'above bare ms', 'first answer ms'], coldStartRows(coldStarts))}
`
}
