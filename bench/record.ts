import type { Miniflare } from 'miniflare'
import { type Builds, migratePostern, posternWorker, recordPartsWorker } from './deployments.ts'
import { NEW_UUID, PASSWORD, send } from './fixtures.ts'
import { mebibytes, spread, table, twoPlaces, verdict, whole } from './format.ts'
import { seedUsers, signInAdmin } from './lists.ts'
import { startRuntime } from './runtime.ts'
import { median, type Spread, spreadOf } from './statistics.ts'
import { cpuTime, residentBytes } from './workerd-process.ts'

const ROUNDS = 3
/** What one run of cron covers. */
const RECORDS_A_RUN = 12_800
const RECORDS_A_BLOCK = 256
/** What one export has. */
const EXPORTED = 100_000
const RECORDS = 1_000_000
/** As many of them are in blocks, the oldest: those of the exports that are timed. */
const COVERED = 14 * RECORDS_A_RUN
const USERS = 1000

const AIM_BLOCKS = 0.3
const AIM_EXPORT = 0.7
const AIM_GROWTH_MIB = 64

interface Place {
  readonly runtime: Miniflare
  readonly base: URL
  readonly parts: URL
}

/** Records as changes of profiles leave them, delivered, of users in turn. */
async function seedRecords({ runtime }: Place, count: number): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  for (let start = 0; start < count; start += 10_000) {
    const insert = database
      .prepare(
        `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ?1)
         insert into events (id, type, time, subject, user_id, actor_type, actor_id, session_id, data, ip, user_agent,
           delivered_at, data_salt, origin_salt)
         select ${NEW_UUID}, 'user.updated', ?2 + i, u.id, u.id, 'user', u.id, lower(hex(randomblob(16))),
           json_object('before', json_object('first_name', 'Seed'), 'after', json_object('first_name', 'Seed ' || i)),
           '203.0.113.' || (i % 250), 'Mozilla/5.0 (X11; Linux x86_64; rv:149.0) Gecko/20100101 Firefox/149.0', 1,
           lower(hex(randomblob(16))), lower(hex(randomblob(16)))
         from n join (select id, row_number() over () - 1 as turn from users limit ?3) as u on u.turn = i % ?3`,
      )
      .bind(Math.min(10_000, count - start), Date.now(), USERS)
    // Miniflare's connection may have been closed while nobody used it: the statement was not run, and is sent again.
    await insert.run().catch(() => insert.run())
  }
}

async function runCron({ runtime }: Place): Promise<void> {
  const worker = await runtime.getWorker('postern')
  const { outcome } = await worker.scheduled({ cron: '* * * * *' })
  if (outcome !== 'ok') throw new Error(`cron ended with ${outcome}`)
}

async function millisecondsOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return performance.now() - began
}

interface Compared {
  /** Records a second. */
  readonly postern: Spread
  readonly bare: Spread
  readonly ratio: Spread
}

function compared(rounds: readonly { postern: number; bare: number }[]): Compared {
  return {
    postern: spreadOf(rounds.map(({ postern }) => postern)),
    bare: spreadOf(rounds.map(({ bare }) => bare)),
    ratio: spreadOf(rounds.map(({ postern, bare }) => postern / bare)),
  }
}

interface Part {
  readonly salt: string
  readonly text: string
}

/** What is hashed of one record, as its proof tells it: of one that a run has covered, which has an end. */
async function textsOf({ base }: Place, admin: string): Promise<string[]> {
  const get = async <T>(path: string): Promise<T> =>
    (await send('GET', new URL(`/api/v1/audit-logs${path}`, base), undefined, admin)).json() as T
  const { logs } = await get<{ logs: { id: string }[] }>('?action=user.updated&limit=100')
  const { record } = await get<{ record: { leaf: string; data: Part; origin: Part } }>(`/${logs.at(-1)?.id}/proof`)
  const { leaf, data, origin } = record
  return [leaf, data.salt + data.text, origin.salt + origin.text]
}

/** Runs of cron that cover records, without what a run takes that covers none; beside it three hashes a record, and a row a block. */
async function measureBlocks(place: Place, admin: string): Promise<Compared & { readonly rows: number }> {
  const { runtime, parts } = place
  await fetch(new URL('/prepare', parts))
  const database = await runtime.getD1Database('DB', 'postern')
  const countBlocks = async () =>
    (await database.prepare('select count(*) as n from audit_blocks').first<number>('n')) ?? 0
  // The first run begins the chain: it covers what comes later.
  await runCron(place)
  await seedRecords(place, RECORDS_A_RUN)
  await runCron(place)
  const texts = await textsOf(place, admin)
  const rounds: { postern: number; bare: number }[] = []
  let rows = 0
  for (let round = 0; round <= ROUNDS; round += 1) {
    const idle = await millisecondsOf(() => runCron(place))
    await seedRecords(place, RECORDS_A_RUN)
    const before = await countBlocks()
    const busy = await millisecondsOf(() => runCron(place))
    rows = (await countBlocks()) - before
    const bare = await millisecondsOf(() => send('POST', new URL('/hash', parts), { texts, count: RECORDS_A_RUN }))
    const perSecond = (milliseconds: number) => (RECORDS_A_RUN * 1000) / milliseconds
    rounds.push({ postern: perSecond(busy - idle), bare: perSecond(bare) })
  }
  return { ...compared(rounds.slice(1)), rows }
}

const FORMATS = ['json', 'csv', 'ndjson'] as const
type Format = (typeof FORMATS)[number]

interface Exported {
  readonly records: number
  readonly cursor: string | null
}

/** Reads an export to its end, and counts its records: as many lines, but those that are of something else. */
async function readExport(
  { base }: Place,
  admin: string,
  body: { format: Format; cursor?: string | null },
): Promise<Exported> {
  const answer = await send('POST', new URL('/api/v1/audit-logs/export', base), { ...body, password: PASSWORD }, admin)
  let last = ''
  let lines = 0
  const decoder = new TextDecoder()
  for await (const chunk of answer.body ?? []) {
    const text = decoder.decode(chunk, { stream: true })
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1
    last = (last + text).slice(-200)
  }
  const end = /"(?:count|records)":(\d+)/.exec(last)?.[1]
  // The lines of CSV are counted, without the head.
  return { records: end === undefined ? lines - 1 : Number(end), cursor: answer.headers.get('x-next-cursor') }
}

interface ExportRate extends Compared {
  readonly format: Format
  /** Microseconds of workerd's CPU a record. */
  readonly cpu: { readonly postern: number; readonly bare: number }
}

/** Exports of the newest records, and beside them a Worker that pages the same rows. */
async function measureExports(place: Place, admin: string): Promise<ExportRate[]> {
  const bare = new URL(`/pages?count=${EXPORTED}`, place.parts)
  const timed = async (work: () => Promise<unknown>) => {
    const before = (await cpuTime()) ?? Number.NaN
    const milliseconds = await millisecondsOf(work)
    const cpu = (((await cpuTime()) ?? Number.NaN) - before) / EXPORTED
    return { perSecond: (EXPORTED * 1000) / milliseconds, cpu }
  }
  const readBare = async () => {
    for await (const _ of (await send('GET', bare)).body ?? []);
  }
  const readAll = async (format: Format) => {
    const { records } = await readExport(place, admin, { format })
    if (records !== EXPORTED) throw new Error(`the export had ${records} records`)
  }
  const rates: ExportRate[] = []
  for (const format of FORMATS) {
    const rounds: { postern: number; bare: number; cpu: { postern: number; bare: number } }[] = []
    for (let round = 0; round <= ROUNDS; round += 1) {
      const ours = () => timed(() => readAll(format))
      const theirs = () => timed(readBare)
      const [postern, other] =
        round % 2 === 0 ? [await ours(), await theirs()] : [await theirs(), await ours()].reverse()
      if (postern && other)
        rounds.push({
          postern: postern.perSecond,
          bare: other.perSecond,
          cpu: { postern: postern.cpu, bare: other.cpu },
        })
    }
    // The first is the warm-up.
    const counted = rounds.slice(1)
    const cpuOf = (name: 'postern' | 'bare') => median(counted.map(({ cpu }) => cpu[name]))
    rates.push({ format, ...compared(counted), cpu: { postern: cpuOf('postern'), bare: cpuOf('bare') } })
  }
  return rates
}

interface Growth {
  readonly records: number
  readonly exports: number
  /** Bytes that workerd holds at the end of the first export, and at most until the end of the last. */
  readonly first: number
  readonly most: number
}

/** The whole record, from cursor to cursor. */
async function measureGrowth(place: Place, admin: string): Promise<Growth> {
  const resident = async () => (await residentBytes()) ?? Number.NaN
  let [records, exports, first, most] = [0, 0, 0, 0]
  const watch = setInterval(async () => {
    most = Math.max(most, await resident())
  }, 250)
  for (let cursor: string | null | undefined; cursor !== null; exports += 1) {
    const part = await readExport(place, admin, { format: 'ndjson', ...(cursor && { cursor }) })
    records += part.records
    cursor = part.cursor
    if (exports === 0) {
      first = await resident()
      most = first
    }
  }
  clearInterval(watch)
  return { records, exports, first, most: Math.max(most, await resident()) }
}

export async function measureRecord(builds: Builds): Promise<string> {
  const runtime = await startRuntime([await posternWorker(builds.postern), await recordPartsWorker(builds.recordParts)])
  try {
    await migratePostern(runtime)
    await seedUsers(runtime, 0, USERS)
    const base = await runtime.unsafeGetDirectURL('postern')
    const place = { runtime, base, parts: await runtime.unsafeGetDirectURL('record-parts') }
    const admin = await signInAdmin(runtime, base)
    const blocks = await measureBlocks(place, admin)
    const covered = (ROUNDS + 2) * RECORDS_A_RUN
    await seedRecords(place, COVERED - covered)
    for (let runs = covered; runs <= COVERED; runs += RECORDS_A_RUN) await runCron(place)
    // Each time another: a token and a proof end, and 30 exports an hour are all that one may make.
    const exports = await measureExports(place, await signInAdmin(runtime, base))
    await seedRecords(place, RECORDS - COVERED)
    const growth = await measureGrowth(place, await signInAdmin(runtime, base))
    return render(blocks, exports, growth)
  } finally {
    await runtime.dispose()
  }
}

function render(blocks: Compared & { rows: number }, exports: readonly ExportRate[], growth: Growth): string {
  const row = ({ postern, bare, ratio }: Compared, aim: number) => [
    spread(postern, whole),
    spread(bare, whole),
    spread(ratio, twoPlaces),
    `${aim}`,
    verdict(ratio.median >= aim),
  ]
  const grown = growth.most - growth.first
  return `## Record

Records a second that cron covers by blocks, beside a Worker that makes three SHA-256 of as many bytes of each and inserts a row for ${RECORDS_A_BLOCK}. ${whole(RECORDS_A_RUN)} records took ${blocks.rows} rows.

${table(['Postern /s', 'hashes and rows alone /s', 'ratio', 'aim', 'reached'], [row(blocks, AIM_BLOCKS)])}

Records a second of an export of ${whole(EXPORTED)} in blocks, beside a Worker that pages the same rows as JSON.

${table(
  ['format', 'Postern /s', 'bare Worker /s', 'ratio', 'aim', 'reached', 'Postern CPU µs', 'bare Worker CPU µs'],
  exports.map((rate) => [rate.format, ...row(rate, AIM_EXPORT), whole(rate.cpu.postern), whole(rate.cpu.bare)]),
)}

MiB that workerd holds while the whole record, ${whole(COVERED)} of it in blocks, is exported as NDJSON, at the end of the first export and at most until the end of the last. The aim is ${AIM_GROWTH_MIB} MiB more.

${table(
  ['records', 'exports', 'after the first', 'most', 'more', 'reached'],
  [
    [
      whole(growth.records),
      whole(growth.exports),
      ...[growth.first, growth.most, grown].map(mebibytes),
      verdict(grown <= AIM_GROWTH_MIB * 2 ** 20),
    ],
  ],
)}
`
}
