import { setTimeout as delay } from 'node:timers/promises'
import type { Miniflare } from 'miniflare'
import { ChildServer } from './child-server.ts'
import { type Builds, bareDeliveryWorker, migratePostern, posternWorker } from './deployments.ts'
import { type PosternUser, send, signUpPostern } from './fixtures.ts'
import { spread, table, twoPlaces, verdict, whole } from './format.ts'
import { signInAdmin } from './lists.ts'
import { type Arrival, HANGING } from './receiver.ts'
import { startRuntime } from './runtime.ts'
import { median, percentile, type Spread, spreadOf } from './statistics.ts'
import { cpuTime } from './workerd-process.ts'

const ROUNDS = 5
const DELIVERIES = 1000
/** Changes of a round: of a profile, or of each organization. */
const CHANGES = { profile: 20, organizations: 3 }
/** All that the platform, or an organization, may have. */
const ENDPOINTS = 20
/** With as many endpoints each; one endpoint of the first hangs. */
const ORGANIZATIONS = 5
/** Until the next change: what follows the last one has ended. */
const PAUSE_MS = 100

const AIM_DELIVERIES = 0.3
const AIM_LATENCY = 0.95
const AIM_HANGING = 1.2

class Receiver extends ChildServer {
  #origin = ''

  async open(): Promise<void> {
    this.#origin = await this.listening()
  }

  at(path: string): string {
    return this.#origin + path
  }

  /** Resolves when there have been so many since the last call. */
  async arrivals(count: number): Promise<Arrival[]> {
    return (await fetch(this.at(`/arrivals?count=${count}`))).json() as Promise<Arrival[]>
  }

  /** What is posted to `HANGING` hangs from now on, or is answered; returns how many hung until now. */
  async hang(isHanging: boolean): Promise<number> {
    return Number(await (await fetch(this.at(isHanging ? '/hang' : '/answer'))).text())
  }
}

/** One Postern, and who may change it. */
interface Place {
  readonly runtime: Miniflare
  readonly base: URL
  readonly admin: string
}

async function openPlace(builds: Builds): Promise<Place> {
  const runtime = await startRuntime([
    await posternWorker(builds.postern),
    await bareDeliveryWorker(builds.bareDelivery),
  ])
  await migratePostern(runtime)
  const base = await runtime.unsafeGetDirectURL('postern')
  return { runtime, base, admin: await signInAdmin(runtime, base) }
}

const makeEndpoint = async ({ base, admin }: Pick<Place, 'base' | 'admin'>, body: object): Promise<string> =>
  ((await (await send('POST', new URL('/api/v1/webhooks', base), body, admin)).json()) as { id: string }).id

interface Side {
  readonly perSecond: Spread
  /** Microseconds of workerd's CPU a delivery. */
  readonly cpu: number
}

interface Deliveries {
  readonly postern: Side
  readonly bare: Side
  readonly ratio: Spread
}

const CONTENT = { before: { first_name: 'Ada' }, after: { first_name: 'Augusta Ada' } }

/** Events of the record, as old as nothing else that happens meanwhile. */
async function seedEvents({ runtime }: Place, since: number): Promise<void> {
  const database = await runtime.getD1Database('DB', 'postern')
  await database
    .prepare(
      `with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ?1)
       insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, delivered_at)
       select 'bench-' || i, 'user.updated', ?2 + i, u.id, u.id, 'user', u.id, ?3, 1 from n, (select id from users limit 1) as u`,
    )
    .bind(DELIVERIES, since, JSON.stringify(CONTENT))
    .run()
}

/** What waits is delivered when the endpoint is turned on, from the first arrival to the last; beside it the bare object. */
async function measureDeliveries(place: Place, receiver: Receiver): Promise<Deliveries> {
  const { runtime, base, admin } = place
  const since = Date.now() - 3_600_000
  await seedEvents(place, since)
  const id = await makeEndpoint(place, { url: receiver.at('/one'), events: ['user.updated'] })
  const endpoint = new URL(`/api/v1/webhooks/${id}`, base)
  const bare = await runtime.unsafeGetDirectURL('bare-delivery')
  const body = JSON.stringify({ ...CONTENT, about: 'x'.repeat(600) })

  const timed = async (begin: () => Promise<unknown>) => {
    const before = (await cpuTime()) ?? Number.NaN
    const arrived = receiver.arrivals(DELIVERIES)
    await begin()
    const times = (await arrived).map(({ at }) => at)
    const cpu = (((await cpuTime()) ?? Number.NaN) - before) / DELIVERIES
    return { perSecond: ((DELIVERIES - 1) * 1000) / (Math.max(...times) - Math.min(...times)), cpu }
  }
  const byPostern = async () => {
    await send('PATCH', endpoint, { is_active: false }, admin)
    const until = new Date(since + DELIVERIES).toISOString()
    await send('POST', new URL(`${endpoint}/recover`), { since: new Date(since).toISOString(), until }, admin)
    return timed(() => send('PATCH', endpoint, { is_active: true }, admin))
  }
  const byBare = () => timed(() => send('POST', bare, { url: receiver.at('/bare'), body, count: DELIVERIES }))

  const rounds: Record<'postern' | 'bare', { perSecond: number; cpu: number }>[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const [postern, other] =
      round % 2 === 0 ? [await byPostern(), await byBare()] : [await byBare(), await byPostern()].reverse()
    if (postern && other) rounds.push({ postern, bare: other })
  }
  await send('DELETE', endpoint, undefined, admin)
  // The first is the warm-up.
  const counted = rounds.slice(1)
  const sideOf = (name: 'postern' | 'bare'): Side => ({
    perSecond: spreadOf(counted.map((round) => round[name].perSecond)),
    cpu: median(counted.map((round) => round[name].cpu)),
  })
  const ratio = spreadOf(counted.map(({ postern, bare }) => postern.perSecond / bare.perSecond))
  return { postern: sideOf('postern'), bare: sideOf('bare'), ratio }
}

interface Latency {
  /** Milliseconds, the median of each round. */
  readonly without: Spread
  readonly with: Spread
  readonly ratio: Spread
}

/** A profile is changed where the platform has all the endpoints that it may have, and where there are none, in turn. */
async function measureLatency(place: Place, none: Place, receiver: Receiver): Promise<Latency> {
  for (let number = 0; number < ENDPOINTS; number += 1)
    await makeEndpoint(place, { url: receiver.at(`/profile/${number}`), events: ['user.updated'] })
  const userOf = async ({ base }: Place): Promise<PosternUser> => {
    const [user] = await signUpPostern(base, 1)
    if (!user) throw new Error('nobody signed up')
    return user
  }
  const users = { with: await userOf(place), without: await userOf(none) }
  let changes = 0
  const change = async ({ base }: Place, { accessToken }: PosternUser): Promise<number> => {
    changes += 1
    const began = performance.now()
    await send('PATCH', new URL('/api/v1/users/me', base), { first_name: `Ada ${changes}` }, accessToken)
    return performance.now() - began
  }
  const rounds: Record<'with' | 'without', number>[] = []
  for (let round = 0; round <= ROUNDS; round += 1) {
    const times = { with: [] as number[], without: [] as number[] }
    for (let index = 0; index < CHANGES.profile; index += 1) {
      times.with.push(await change(place, users.with))
      await receiver.arrivals(ENDPOINTS)
      await delay(PAUSE_MS)
      times.without.push(await change(none, users.without))
      await delay(PAUSE_MS)
    }
    rounds.push({ with: median(times.with), without: median(times.without) })
  }
  const counted = rounds.slice(1)
  return {
    with: spreadOf(counted.map((round) => round.with)),
    without: spreadOf(counted.map((round) => round.without)),
    ratio: spreadOf(counted.map((round) => round.without / round.with)),
  }
}

interface Hanging {
  /** Milliseconds from a change to its arrival at the other endpoints, p95 of each round. */
  readonly none: Spread
  readonly one: Spread
  readonly ratio: Spread
}

/** Organizations with an endpoint each that is told of its changes, but one, which hangs in every second round. */
async function measureHanging({ runtime, base }: Place, receiver: Receiver): Promise<Hanging> {
  // Tokens and proofs end while the others are measured.
  const admin = await signInAdmin(runtime, base)
  const organizations: string[] = []
  for (let number = 0; number < ORGANIZATIONS; number += 1) {
    const made = await send(
      'POST',
      new URL('/api/v1/organizations', base),
      { name: 'Bench', slug: `bench-${number}` },
      admin,
    )
    organizations.push(((await made.json()) as { id: string }).id)
  }
  for (const [number, id] of organizations.entries()) {
    for (let index = 0; index < ENDPOINTS; index += 1) {
      const url = receiver.at(number === 0 && index === 0 ? HANGING : `/organization/${number}/${index}`)
      await makeEndpoint({ base, admin }, { url, events: ['organization.updated'], organization_id: id })
    }
  }
  let changes = 0
  const changeAll = async (): Promise<number[]> => {
    const arrived = receiver.arrivals(ORGANIZATIONS * ENDPOINTS - 1)
    changes += 1
    const began = performance.timeOrigin + performance.now()
    await Promise.all(
      organizations.map((id) =>
        send('PATCH', new URL(`/api/v1/organizations/${id}`, base), { name: `Bench ${changes}` }, admin),
      ),
    )
    return (await arrived).map(({ at }) => at - began)
  }
  const p95 = async (): Promise<number> => {
    const times: number[] = []
    for (let index = 0; index < CHANGES.organizations; index += 1) {
      times.push(...(await changeAll()))
      await delay(PAUSE_MS)
    }
    return percentile(times, 0.95)
  }
  await p95()
  const rounds: Record<'none' | 'one', number>[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const none = await p95()
    await receiver.hang(true)
    const one = await p95()
    // Before they time out: after five failures the breaker would spare the endpoint.
    if ((await receiver.hang(false)) === 0) throw new Error('nothing hung')
    rounds.push({ none, one })
  }
  return {
    none: spreadOf(rounds.map((round) => round.none)),
    one: spreadOf(rounds.map((round) => round.one)),
    ratio: spreadOf(rounds.map((round) => round.one / round.none)),
  }
}

export async function measureWebhooks(builds: Builds): Promise<string> {
  const receiver = new Receiver('./receiver.ts')
  await receiver.open()
  const place = await openPlace(builds)
  const none = await openPlace(builds)
  try {
    const deliveries = await measureDeliveries(place, receiver)
    const latency = await measureLatency(place, none, receiver)
    const hanging = await measureHanging(none, receiver)
    return render(deliveries, latency, hanging)
  } finally {
    await Promise.all([place, none].map(({ runtime }) => runtime.dispose()))
    receiver.stop()
  }
}

function render(deliveries: Deliveries, latency: Latency, hanging: Hanging): string {
  const { postern, bare } = deliveries
  const row = (ratio: Spread, aim: number, isReached: boolean) => [
    spread(ratio, twoPlaces),
    `${aim}`,
    verdict(isReached),
  ]
  return `## Webhooks

Deliveries a second of one endpoint, ${whole(DELIVERIES)} of which wait, and of an object that only posts to the same receiver, five at once, too.

${table(
  ['Postern /s', 'bare object /s', 'ratio', 'aim', 'reached', 'Postern CPU µs', 'bare object CPU µs'],
  [
    [
      spread(postern.perSecond, whole),
      spread(bare.perSecond, whole),
      ...row(deliveries.ratio, AIM_DELIVERIES, deliveries.ratio.median >= AIM_DELIVERIES),
      whole(postern.cpu),
      whole(bare.cpu),
    ],
  ],
)}

Milliseconds of a change of a profile, one at a time, without endpoints and with ${ENDPOINTS} that are told of it; how many times as fast it is with them.

${table(
  ['without', `${ENDPOINTS} endpoints`, 'ratio', 'aim', 'reached'],
  [
    [
      spread(latency.without, twoPlaces),
      spread(latency.with, twoPlaces),
      ...row(latency.ratio, AIM_LATENCY, latency.ratio.median >= AIM_LATENCY),
    ],
  ],
)}

Milliseconds from a change to its arrival, p95 of ${ORGANIZATIONS * ENDPOINTS - 1} endpoints of ${ORGANIZATIONS} organizations that change at once, while one more answers and while it hangs; how many times as long it takes.

${table(
  ['all answer', 'one hangs', 'ratio', 'aim', 'reached'],
  [
    [
      spread(hanging.none, whole),
      spread(hanging.one, whole),
      ...row(hanging.ratio, AIM_HANGING, hanging.ratio.median <= AIM_HANGING),
    ],
  ],
)}
`
}
