import * as z from 'zod/mini'
import type { EarlyCtx } from '../context.ts'
import type { FeedPage } from '../durable/rpc.ts'
import { toBase64Url } from '../lib/encoding.ts'
import { isolateSlot } from '../lib/isolate.ts'
import { MINUTE, SECOND } from '../lib/time.ts'

/** Isolates of one location share the entries of this long, and the head. */
const SHARED_WINDOW_MS = MINUTE
const SHARED_SECONDS = 2

/** The cache of this isolate's location. Tests with a clock of their own disable it: cached answers age in real time. */
export const locationOf = isolateSlot<{ cache: Cache | null }>('location', () => ({ cache: caches.default }))

/** Every entry above `after`; null means all entries. */
export async function pullFeed(ctx: Pick<EarlyCtx, 'objects'>, after: number | null): Promise<FeedPage> {
  const page = await ctx.objects.feed().pull(after)
  return { ...page, after: page.after ?? after ?? 0 }
}

/** Asks the feed for the entries of the last minute, and caches the answer for other isolates of this location. */
export async function pullAndShare(
  ctx: Pick<EarlyCtx, 'config' | 'objects' | 'now' | 'defer' | 'isolate'>,
): Promise<FeedPage> {
  const sentAt = ctx.now()
  const page = await ctx.objects.feed().pullRecent(SHARED_WINDOW_MS)
  ctx.defer(share(ctx, { page, sentAt, tookMs: ctx.now() - sentAt }))
  return page
}

const id = z.string()
const Entry = z.union([
  z.object({ kind: z.enum(['session', 'key', 'client', 'token']), id }),
  z.object({ kind: z.literal('claims'), userId: id, below: z.number() }),
  z.object({ kind: z.enum(['organization', 'roles']), id, below: z.number() }),
])
const SharedAnswer = z.object({
  sentAt: z.number(),
  tookMs: z.number(),
  page: z.object({
    epoch: z.string(),
    head: z.number(),
    overflow: z.boolean(),
    after: z.number(),
    entries: z.array(z.object({ seq: z.number(), at: z.number(), entry: Entry })),
  }),
})

/** Clients cannot guess this URL, because it contains a secret, and no route has it. */
async function sharedKey({ config }: Pick<EarlyCtx, 'config'>): Promise<string> {
  return `${config.PUBLIC_URL}/__feed/${toBase64Url(await config.rootKeys.current.derive('shared feed answer'))}`
}

async function share(
  ctx: Pick<EarlyCtx, 'config' | 'isolate'>,
  answer: { page: FeedPage; sentAt: number; tookMs: number },
): Promise<void> {
  const headers = { 'Cache-Control': `max-age=${SHARED_SECONDS}` }
  await locationOf(ctx).cache?.put(await sharedKey(ctx), Response.json(answer, { headers }))
}

/** The location's shared answer, and a time at or before which its pull was sent; null when there is none. */
export async function readSharedPage(
  ctx: Pick<EarlyCtx, 'config' | 'now' | 'isolate'>,
): Promise<{ readonly page: FeedPage; readonly asOf: number } | null> {
  const cached = await locationOf(ctx).cache?.match(await sharedKey(ctx))
  if (!cached) return null
  const { data } = SharedAnswer.safeParse(await cached.json())
  if (!data) return null
  // `Age` is in whole seconds, so up to one more has passed. Without `Age` the maximum is assumed.
  const ageSeconds = Number(cached.headers.get('age') ?? SHARED_SECONDS) + 1
  const page = { ...data.page, entries: data.page.entries }
  return { page, asOf: Math.min(data.sentAt, ctx.now() - ageSeconds * SECOND - data.tookMs) }
}
