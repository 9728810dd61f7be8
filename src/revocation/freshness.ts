import type { EarlyCtx } from '../context.ts'
import type { FeedEntry } from '../lib/event.ts'
import { isolateSlot } from '../lib/isolate.ts'
import { delay, MINUTE, SECOND, TimeoutError, within } from '../lib/time.ts'
import { pullAndShare, pullFeed, readSharedPage } from './pull.ts'
import { ageOf, applyEntries, applyPage, BOUND_MS, createView, FRESH_MS, type RevocationView } from './view.ts'

/** A pull counts as in flight for this long: its request may be cancelled, and then nothing reports its end. */
const FLIGHT_MS = SECOND
/** How long a request waits for the refresh of a view that is too old. */
const REFRESH_MS = 500
const POLL_MS = 20

/** This isolate's replica of the revocation feed. */
export const viewOf = isolateSlot('revocation view', createView)

/** The view's age in milliseconds if it may be used at once; null when it must be refreshed first. Synchronous. */
export function readyAge(ctx: EarlyCtx): number | null {
  const view = viewOf(ctx)
  const now = ctx.now()
  const age = ageOf(view, now)
  if (age > BOUND_MS) return null
  if (age > FRESH_MS && now >= view.inFlightUntil) ctx.defer(refresh(ctx, view))
  return age
}

/** The view's age after a refresh; null when the feed did not answer in time. */
export async function refreshedAge(ctx: EarlyCtx): Promise<number | null> {
  const view = viewOf(ctx)
  for (let waited = 0; waited < REFRESH_MS; waited += POLL_MS) {
    const age = ageOf(view, ctx.now())
    if (age <= BOUND_MS) return age
    if (ctx.now() >= view.inFlightUntil) {
      await bounded(ctx, view, refresh(ctx, view), REFRESH_MS - waited)
      break
    }
    if (view.flightFailed) break
    await delay(POLL_MS)
  }
  const age = ageOf(view, ctx.now())
  return age <= BOUND_MS ? age : null
}

/** Pulls from the feed itself, without the shared cache. False when the feed did not answer in time. */
export async function pullNow(ctx: EarlyCtx): Promise<boolean> {
  const view = viewOf(ctx)
  const sentAt = ctx.now()
  const pulled = pullDirectly(ctx, view).then(() => true)
  try {
    await within(REFRESH_MS, pulled)
    return view.asOf !== null && view.asOf >= sentAt
  } catch (cause) {
    ctx.log.error('feed_unreachable', cause)
    return false
  }
}

/** Waits for the refresh for at most `ms`. After that it continues, and its result is still applied. */
async function bounded(ctx: EarlyCtx, view: RevocationView, work: Promise<void>, ms: number): Promise<void> {
  ctx.defer(work)
  try {
    await within(ms, work)
  } catch (cause) {
    if (!(cause instanceof TimeoutError)) throw cause
    view.flightFailed = true
    ctx.log.warn('feed_late')
  }
}

/** Never rejects: a failure is marked in the view, and the next attempt follows at the earliest a second later. */
async function refresh(ctx: EarlyCtx, view: RevocationView): Promise<void> {
  view.inFlightUntil = ctx.now() + FLIGHT_MS
  view.flightFailed = false
  try {
    if (await load(ctx, view)) view.inFlightUntil = 0
  } catch (cause) {
    view.flightFailed = true
    ctx.log.error('feed_unreachable', cause)
  }
}

/** True when the view is fresher than before. */
async function load(ctx: EarlyCtx, view: RevocationView): Promise<boolean> {
  const shared = view.cursor === null ? null : await findShared(ctx)
  if (shared && ctx.now() - shared.asOf <= BOUND_MS) {
    // Another isolate's answer, from before this view's own pull: the cache will have a newer one in a second.
    if (shared.asOf <= (view.asOf ?? 0)) return false
    if (applyPage(view, shared.page, shared.asOf, keepMs(ctx)) === 'applied') return true
  } else if (view.cursor !== null) {
    const sentAt = ctx.now()
    if (applyPage(view, await pullAndShare(ctx), sentAt, keepMs(ctx)) === 'applied') return true
  }
  await pullDirectly(ctx, view)
  return true
}

/** Pulls from the view's cursor, or from the beginning when the page cannot be applied. */
async function pullDirectly(ctx: EarlyCtx, view: RevocationView): Promise<void> {
  const sentAt = ctx.now()
  const { cursor } = view
  if (applyPage(view, await pullFeed(ctx, cursor), sentAt, keepMs(ctx)) === 'applied') return
  const reloadedAt = ctx.now()
  if (applyPage(view, await pullFeed(ctx, null), reloadedAt, keepMs(ctx)) !== 'applied')
    throw new Error('a full page of the feed could not be applied')
}

/** Without a custom domain the cache does not work: it may return nothing, or throw. */
async function findShared(ctx: EarlyCtx): ReturnType<typeof readSharedPage> {
  try {
    return await readSharedPage(ctx)
  } catch (cause) {
    ctx.log.error('feed_cache_failed', cause)
    return null
  }
}

/** How long an entry is needed: until the last token that it refuses has expired. */
const keepMs = (ctx: EarlyCtx): number => ctx.config.ACCESS_TOKEN_SECONDS * SECOND + MINUTE

/** Makes this isolate refuse the entries at once; other isolates get them from the feed. */
export function applyToOwnView(ctx: Pick<EarlyCtx, 'isolate' | 'now'>, entries: readonly FeedEntry[]): void {
  applyEntries(viewOf(ctx), entries, ctx.now())
}

/** As `applyToOwnView`, for sessions that ended. */
export const forgetSessions = (ctx: Pick<EarlyCtx, 'isolate' | 'now'>, sessionIds: readonly string[]): void =>
  applyToOwnView(
    ctx,
    sessionIds.map((id) => ({ kind: 'session', id })),
  )
