import { setTimeout as delay } from 'node:timers/promises'
import type { PosternUser } from './fixtures.ts'
import type { LoadProcess } from './load-process.ts'
import { median, percentile } from './statistics.ts'

export interface FanOut {
  readonly subscribers: number
  readonly events: number
  /** Milliseconds from the event's own time to its arrival: median over the events. */
  readonly p50: number
  readonly p95: number
  readonly most: number
}

const EVENT = 'user.signed_out'
const PATIENCE_MS = 20_000

/** Signs users out one after another, and waits until every subscriber of `platform` has heard of it. */
export async function measureFanOut(
  load: LoadProcess,
  base: URL,
  clientToken: string,
  users: readonly PosternUser[],
  count: number,
): Promise<FanOut> {
  const url = new URL('/api/v1/websocket/ws', base)
  url.protocol = 'ws:'
  await load.subscribe({ url: url.href, token: clientToken, count })
  for (const [index, user] of users.entries()) {
    await signOut(base, user)
    await heard(load, count, index + 1)
  }
  const deliveries = await load.deliveries(EVENT, count)
  await load.unsubscribe()
  const over = (share: number) => median(deliveries.map(({ delays }) => percentile(delays, share)))
  return { subscribers: count, events: deliveries.length, p50: over(0.5), p95: over(0.95), most: over(1) }
}

async function signOut(base: URL, user: PosternUser): Promise<void> {
  const answer = await fetch(new URL('/api/v1/auth/signout', base), {
    method: 'POST',
    headers: { authorization: `Bearer ${user.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ refresh_token: user.refreshToken }),
  })
  if (!answer.ok) throw new Error(`signout answered ${answer.status}: ${await answer.text()}`)
}

async function heard(load: LoadProcess, count: number, events: number): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while ((await load.deliveries(EVENT, count)).length < events) {
    if (Date.now() > deadline)
      throw new Error(`event ${events} did not reach ${count} subscribers in ${PATIENCE_MS} ms`)
    await delay(100)
  }
}
