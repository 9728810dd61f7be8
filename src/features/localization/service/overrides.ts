import type { Ctx } from '../../../context.ts'
import { isolateSlot } from '../../../lib/isolate.ts'
import { SECOND, within } from '../../../lib/time.ts'
import { selectOverrides } from '../store.ts'

/** The overridden messages of one locale, by key. */
export type Overrides = ReadonlyMap<string, string>

export type OverridesCtx = Pick<Ctx, 'db' | 'isolate' | 'log' | 'now'>

/** Every isolate sees a change within 30 s: this, and what a read may take. */
const MAX_AGE_MS = 25 * SECOND
const READ_BOUND_MS = SECOND
/** An outage of D1 delays one page in so many seconds, not each. */
const RETRY_MS = 5 * SECOND

interface Kept {
  readonly overrides: Overrides
  readonly readAt: number
}

const keptOf = isolateSlot('overridden texts', () => ({ byLocale: new Map<string, Kept>(), failedAt: -RETRY_MS }))

const NONE: Overrides = new Map()

const isRecent = (since: number, now: number, maxAge: number): boolean => since <= now && now - since < maxAge

async function readOverrides(ctx: OverridesCtx, locales: readonly string[]): Promise<void> {
  const kept = keptOf(ctx)
  const readAt = ctx.now()
  try {
    const rows = await within(READ_BOUND_MS, selectOverrides(ctx, locales))
    for (const locale of locales) {
      const own = rows.filter((row) => row.locale === locale)
      kept.byLocale.set(locale, { readAt, overrides: new Map(own.map(({ key, value }) => [key, value])) })
    }
  } catch (cause) {
    kept.failedAt = ctx.now()
    ctx.log.error('overrides_unread', cause)
  }
}

/** What is overridden in each of these locales. Without D1 nothing is: an override that was taken back must not outlive that. */
export async function findOverrides(
  ctx: OverridesCtx,
  locales: readonly string[],
): Promise<ReadonlyMap<string, Overrides>> {
  const kept = keptOf(ctx)
  const isKept = (locale: string): boolean =>
    isRecent(kept.byLocale.get(locale)?.readAt ?? -MAX_AGE_MS, ctx.now(), MAX_AGE_MS)
  const missing = locales.filter((locale) => !isKept(locale))
  if (missing.length > 0 && !isRecent(kept.failedAt, ctx.now(), RETRY_MS)) await readOverrides(ctx, missing)
  return new Map(
    locales.map((locale) => [locale, isKept(locale) ? (kept.byLocale.get(locale)?.overrides ?? NONE) : NONE]),
  )
}

/** This isolate reads the locale's overrides again. */
export const forgetOverrides = (ctx: Pick<Ctx, 'isolate'>, locale: string): void =>
  void keptOf(ctx).byLocale.delete(locale)
