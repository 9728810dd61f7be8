import type { ColdStart } from './cold-start.ts'
import type { Measured } from './compare.ts'
import { CONNECTIONS, type Door } from './contestants.ts'
import type { Builds } from './deployments.ts'
import type { Existence } from './existence.ts'
import type { FanOut } from './fan-out.ts'
import {
  AIM_BETTER_AUTH,
  DOORS,
  kilobytes,
  named,
  RATE_HEAD,
  RATIO_HEAD,
  rateRow,
  ratioRow,
  spread,
  table,
  twoPlaces,
  verdict,
  whole,
} from './format.ts'
import { type ListCall, SIZES } from './lists.ts'
import type { Machine } from './machine.ts'
import { ORGANIZATIONS } from './organizations.ts'
import type { PolicyTimes } from './policies.ts'
import type { Startup } from './startup.ts'

export interface Checks {
  readonly door: Door
  readonly get: readonly Measured[]
  readonly post: readonly Measured[]
  /** `GET /validate?permission=`, allowed by a system role and by a custom one. */
  readonly permission: readonly Measured[]
}

export interface Results {
  readonly machine: Machine
  readonly builds: Builds
  readonly checks: readonly Checks[]
  readonly signIn: readonly Measured[]
  readonly refresh: readonly Measured[]
  /** Of sessions in no organization, and of members of ten. */
  readonly refreshOfMembers: readonly Measured[]
  /** `POST /api/v1/policies/evaluate` by a machine. */
  readonly evaluation: readonly Measured[]
  readonly fanOut: FanOut
  readonly existence: readonly Existence[]
  readonly lists: readonly ListCall[]
  readonly organizationLists: readonly ListCall[]
  readonly policies: readonly PolicyTimes[]
  readonly coldStarts: readonly ColdStart[]
  readonly startup: Startup
  /** Those that can be measured alone, as they stand in the report. */
  readonly sections: readonly string[]
}

const AIM_BARE = { GET: 0.9, POST: 0.8 }
const AIM_CUSTOM_ROLE = 0.95
const AIM_REFRESH = 1.3
const AIM_ONE_ROW = 0.7
const AIM_MEMBER_OF_TEN = 0.9
const AIM_ORGANIZATION_LISTS = 1.5
const AIM_FAN_OUT_MS = 100
const AIM_POLICIES = 5
const AIM_GZIP_BYTES = 1_000_000
const AIM_START_GZIP_BYTES = 120_000
const AIM_EVALUATION_MS = 40
const AIM_SAME_BINDINGS = 1.2

const isBare = ({ name }: Measured) => name.startsWith('bare Hono')
const isBetterAuth = ({ name }: Measured) => name.startsWith('Better Auth')

function ratioRows({ door, get, post, permission }: Checks): string[][] {
  const row = (what: string, ours: Measured, theirs: Measured, aim: number) => ratioRow(door, what, ours, theirs, aim)
  const postern = named(get, 'Postern')
  return [
    row('GET /validate', postern, named(get, 'bare Hono'), AIM_BARE.GET),
    ...post.filter(isBare).map((bare) => row('POST /validate', named(post, 'Postern'), bare, AIM_BARE.POST)),
    row(
      '?permission= of a custom role',
      named(permission, 'custom role'),
      named(permission, 'system role'),
      AIM_CUSTOM_ROLE,
    ),
    ...get.filter(isBetterAuth).map((rival) => row('GET /validate', postern, rival, AIM_BETTER_AUTH)),
  ]
}

const evaluationRow = (evaluation: readonly Measured[]): string[] =>
  ratioRow(
    'socket',
    'POST /policies/evaluate',
    named(evaluation, 'Postern'),
    named(evaluation, 'one row of D1'),
    AIM_ONE_ROW,
  )

const memberOfTenRow = (refresh: readonly Measured[]): string[] =>
  ratioRow(
    'socket',
    'refresh, of ten organizations',
    named(refresh, 'of ten'),
    named(refresh, 'of none'),
    AIM_MEMBER_OF_TEN,
  )

function rateRows({ checks, signIn, refresh, refreshOfMembers, evaluation }: Results): string[][] {
  return [
    ...checks.flatMap(({ door, get, post, permission }) => [
      ...get.map((one) => rateRow(DOORS[door], isBetterAuth(one) ? 'get-session' : 'GET /validate', one)),
      ...post.map((one) => rateRow(DOORS[door], 'POST /validate', one)),
      ...permission.map((one) => rateRow(DOORS[door], 'GET /validate?permission=', one)),
    ]),
    ...signIn.map((one) => rateRow(DOORS.socket, 'sign-in', one)),
    ...refresh.map((one) => rateRow(DOORS.socket, 'refresh', one)),
    ...refreshOfMembers.map((one) => rateRow(DOORS.socket, 'refresh by a member', one)),
    ...evaluation.map((one) => rateRow(DOORS.socket, 'POST /policies/evaluate', one)),
  ]
}

const SAME_BINDINGS = 'ten lines, same bindings'

/** CPU beside the Worker of ten lines; only Postern's has an aim. */
function coldStartRows(coldStarts: readonly ColdStart[]): string[][] {
  const floor = coldStarts.find(({ name }) => name === SAME_BINDINGS)?.cpu.least ?? Number.NaN
  return coldStarts.map(({ name, total, firstAnswer, cpu }) => [
    name,
    spread(total, whole),
    spread(firstAnswer, whole),
    spread(cpu, whole),
    twoPlaces(cpu.least / floor),
    name === 'Postern' ? verdict(cpu.least / floor <= AIM_SAME_BINDINGS) : '',
  ])
}

const evaluationRows = ({ postern, bareHono }: Startup): string[][] => [
  ['Postern', spread(postern, whole), verdict(postern.least <= AIM_EVALUATION_MS)],
  ['bare Hono', spread(bareHono, whole), ''],
]

function listRows(lists: readonly ListCall[], aim?: number): string[][] {
  return lists.map(({ name, times }) => {
    const [few, many] = times.map(({ median }) => median)
    const ratio = (many ?? Number.NaN) / (few ?? Number.NaN)
    const reached = aim === undefined ? [] : [verdict(ratio <= aim)]
    return [`\`${name}\``, ...times.map((time) => spread(time, twoPlaces)), twoPlaces(ratio), ...reached]
  })
}

const policyRows = (policies: readonly PolicyTimes[]): string[][] =>
  policies.map(({ policies: count, postern, cedar, casbin, ratio }) => [
    whole(count),
    ...[postern, cedar, casbin].map((time) => spread(time, twoPlaces)),
    spread(ratio, twoPlaces),
    verdict(ratio.median >= AIM_POLICIES),
  ])

const bundleRows = ({ postern, bareHono, betterAuth }: Builds, { gzipBytes }: Startup): string[][] => [
  [
    'Postern, start',
    '',
    kilobytes(gzipBytes),
    `${kilobytes(AIM_START_GZIP_BYTES)}`,
    verdict(gzipBytes <= AIM_START_GZIP_BYTES),
  ],
  ...[['Postern', postern] as const, ['bare Hono', bareHono] as const, ['Better Auth', betterAuth] as const].map(
    ([name, { bytes, gzipBytes }]) => [
      name,
      kilobytes(bytes),
      kilobytes(gzipBytes),
      name === 'Postern' ? kilobytes(AIM_GZIP_BYTES) : '',
      name === 'Postern' ? verdict(gzipBytes <= AIM_GZIP_BYTES) : '',
    ],
  ),
]

const existenceRows = (existence: readonly Existence[]): string[][] =>
  existence.map(({ path, known, unknown, overlap }) => [
    `/api/v1/auth/${path}`,
    spread(known, whole),
    spread(unknown, whole),
    twoPlaces(overlap),
  ])

function refreshRows(refresh: readonly Measured[]): string[][] {
  const [ours, parts] = [named(refresh, 'Postern').cpu, named(refresh, 'the parts alone').cpu]
  if (ours === null || parts === null) return []
  return [[whole(ours), whole(parts), twoPlaces(ours / parts), verdict(ours / parts <= AIM_REFRESH)]]
}

export function renderReport(results: Results): string {
  const { machine, builds, checks, refresh, refreshOfMembers, evaluation, fanOut, existence } = results
  const { lists, organizationLists, policies, coldStarts, startup, sections } = results
  return `# Bench results

Written by \`npm run bench\`. All Workers run in one workerd with real D1, KV and objects; \`bench/README.md\` says how.

${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}. Node ${machine.node}, ${machine.workerd}, Hono ${machine.hono}, Better Auth ${machine.betterAuth}.
${CONNECTIONS} connections, rounds interleaved; median (least to most) of the rounds.

## Ratios

How many times the other's answers a second Postern gives, round by round. By CPU: the other's CPU time an answer, divided by Postern's.

${table(RATIO_HEAD, [...checks.flatMap(ratioRows), evaluationRow(evaluation), memberOfTenRow(refreshOfMembers)])}

## Rates

${table(RATE_HEAD, rateRows(results))}

## Refresh

CPU of a refresh beside a Worker that does only what none can do without: a row of D1 by its key, a transaction of an object that reads and writes, an RS256 signature. The aim is ${AIM_REFRESH}.

${table(['Postern µs', 'the parts alone µs', 'ratio', 'reached'], refreshRows(refresh))}

## What a time reveals

Milliseconds until the answer about an address that has an account, and about one that has none, in turn. The overlap is the share of all times that lies where both have some: 1 when a time reveals nothing.

${table(['call', 'has an account', 'has none', 'overlap'], existenceRows(existence))}

## Fan-out

One platform event to ${whole(fanOut.subscribers)} websocket subscribers, ${fanOut.events} times; from the event's own time to its arrival. The aim for p95 is ${AIM_FAN_OUT_MS} ms.

${table(['p50 ms', 'p95 ms', 'last ms'], [[fanOut.p50, fanOut.p95, fanOut.most].map(whole)])}

## Lists

What admins ask, one call at a time, at two sizes of the table: milliseconds, and how many times as long the large one takes. The paths are those of the large table.

${table(['call', ...SIZES.map((size) => `${whole(size)} users`), 'ratio'], listRows(lists))}

## Lists of organizations

What members and admins ask, where there are so many organizations, one of which has so many members; \`{big}\` is that one. The aim is ${AIM_ORGANIZATION_LISTS}.

${table(['call', ...ORGANIZATIONS.map((size) => `${whole(size)} organizations`), 'ratio', 'reached'], listRows(organizationLists, AIM_ORGANIZATION_LISTS))}

## Policies

One question against policies that are compiled, or parsed, before: microseconds an evaluation, all in one Node process. The ratio is how many times as long the faster of the others takes; the aim is ${AIM_POLICIES}.

${table(['policies', 'Postern', 'Cedar', 'casbin', 'ratio', 'reached'], policyRows(policies))}

## Bundle

All files of the upload. What loads at start is all that the first check of a token needs.

${table(['Worker', 'size', 'gzip', 'aim', 'reached'], bundleRows(builds, startup))}

## Cold start

A fresh workerd until the first answer; Postern's and Better Auth's is a full check of a session in storage. The total has what miniflare takes to hand the modules over, which grows with them and which no real isolate waits for; so the ratio is of workerd's CPU, the least of the rounds: what else a machine does makes a start longer, never shorter. The aim is ${AIM_SAME_BINDINGS}.

${table(['Worker', 'total ms', 'first answer ms', 'workerd CPU ms', 'ratio', 'reached'], coldStartRows(coldStarts))}

## Evaluation

CPU until the modules that load at start are evaluated, by \`wrangler check startup\`; the aim is ${AIM_EVALUATION_MS} ms.

${table(['Worker', 'CPU ms', 'reached'], evaluationRows(startup))}

${sections.join('\n')}`
}
