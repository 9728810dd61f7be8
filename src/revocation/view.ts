import type { FeedPage } from '../durable/rpc.ts'
import type { FeedEntry } from '../lib/event.ts'
import { SECOND } from '../lib/time.ts'

/** Up to here a view answers at once, and up to here it answers while it is refreshed behind. */
export const FRESH_MS = 2 * SECOND
export const BOUND_MS = 5 * SECOND

/** Ids that one isolate holds: 100,000 of them are about 10 MB of its 128. */
export const MAX_VIEW_ENTRIES = 100_000

interface ClaimsFloor {
  readonly below: number
  readonly at: number
}

/** An isolate's replica of the revocation feed. Each map runs from the oldest entry to the youngest, or nearly. */
export interface RevocationView {
  epoch: string | null
  /** The seq up to which the feed is known; null when it must be loaded from its beginning. */
  cursor: number | null
  /** When the pull that it shows was sent; null before the first. Epoch milliseconds. */
  asOf: number | null
  /** The same for the last pull that lacked nothing. */
  completeAsOf: number | null
  /** Sessions and claims are not all here: ask objects. */
  overflow: boolean
  /** A pull is in flight until then: never a boolean, its request may be cancelled without a word. */
  inFlightUntil: number
  /** The pull of that flight has failed or is late: who needs it goes on without. */
  flightFailed: boolean
  /** What is refused, by packed id, and when it came. */
  readonly ids: Readonly<Record<Exclude<FeedEntry['kind'], 'claims'>, Map<string, number>>>
  /** By packed user id. */
  readonly claims: Map<string, ClaimsFloor>
}

export const createView = (): RevocationView => ({
  epoch: null,
  cursor: null,
  asOf: null,
  completeAsOf: null,
  overflow: false,
  inFlightUntil: 0,
  flightFailed: false,
  ids: { session: new Map(), key: new Map(), client: new Map(), token: new Map() },
  claims: new Map(),
})

/** Milliseconds since the view's pull was sent; infinite before the first, and when the clock was set back behind it. */
export function ageOf(view: RevocationView, now: number): number {
  if (view.asOf === null || now < view.asOf) return Number.POSITIVE_INFINITY
  return now - view.asOf
}

/** A UUID as eight UTF-16 units, 16 bytes; any other id as it is. A UUID is never 8 units long. */
export function packId(id: string): string {
  const hex = id.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/.test(hex)) return id
  const units = Array.from({ length: 8 }, (_, index) => Number.parseInt(hex.slice(index * 4, index * 4 + 4), 16))
  return String.fromCharCode(...units)
}

/** Adds entries; none is ever taken back but by age. */
export function applyEntries(view: RevocationView, entries: Iterable<FeedEntry>, at: number): void {
  for (const entry of entries) applyEntry(view, entry, at)
  if (sizeOf(view) > MAX_VIEW_ENTRIES) markIncomplete(view)
}

function applyEntry(view: RevocationView, entry: FeedEntry, at: number): void {
  if (entry.kind === 'claims') {
    const id = packId(entry.userId)
    if ((view.claims.get(id)?.below ?? 0) >= entry.below) return
    view.claims.delete(id)
    view.claims.set(id, { below: entry.below, at })
    return
  }
  const ids: Map<string, number> | undefined = view.ids[entry.kind]
  // A newer feed may know kinds that this code does not: objects are asked instead of guessing.
  if (!ids) view.overflow = true
  else if (!ids.has(packId(entry.id))) ids.set(packId(entry.id), at)
}

function markIncomplete(view: RevocationView): void {
  view.overflow = true
  view.cursor = null
}

/** What a page does to the view: `reload` asks for a page from the beginning, `gap` for one from the cursor. */
export type Applied = 'applied' | 'reload' | 'gap'

/** Takes a page whose pull was sent at `asOf`. Nothing is applied unless it says so. */
export function applyPage(view: RevocationView, page: FeedPage, asOf: number, keepMs: number): Applied {
  const isWhole = page.after === 0
  if (view.epoch !== null && view.epoch !== page.epoch && !isWhole) {
    view.cursor = null
    return 'reload'
  }
  const knownUpTo = view.epoch === page.epoch ? (view.cursor ?? 0) : 0
  const hasAll = page.after !== undefined && page.after <= knownUpTo
  if (!hasAll) return view.cursor === null ? 'reload' : 'gap'
  // Entries that an overflow kept back are behind the cursor: only a load from the beginning brings them.
  if (view.overflow && !page.overflow && !isWhole) {
    view.cursor = null
    return 'reload'
  }
  view.epoch = page.epoch
  view.cursor = page.head
  view.overflow = page.overflow
  for (const { entry, at } of page.entries) applyEntry(view, entry, at)
  view.asOf = Math.max(view.asOf ?? 0, asOf)
  forget(view, asOf - keepMs)
  if (sizeOf(view) > MAX_VIEW_ENTRIES) markIncomplete(view)
  if (!view.overflow) view.completeAsOf = view.asOf
  return 'applied'
}

/** Drops what came before `time`: the tokens it refuses have expired. */
export function forget(view: RevocationView, time: number): void {
  for (const ids of Object.values(view.ids)) {
    for (const [id, at] of ids) {
      if (at >= time) break
      ids.delete(id)
    }
  }
  for (const [id, { at }] of view.claims) {
    if (at >= time) break
    view.claims.delete(id)
  }
}

export const sizeOf = (view: RevocationView): number =>
  Object.values(view.ids).reduce((size, ids) => size + ids.size, view.claims.size)

/** What a token says that the feed may have refused. Ids are packed, once for all checks of the token. */
export interface TokenSubject {
  readonly kid: string
  readonly tokenId: string
  /** A machine's; null for a user's token. */
  readonly clientId: string | null
  readonly user: { readonly id: string; readonly sessionId: string; readonly claimsVersion: number } | null
}

/** Whether the view refuses the token. What it refuses stays refused, however old the view is. */
export function refusalOf(view: RevocationView, subject: TokenSubject): 'revoked' | 'stale_claims' | null {
  if (view.ids.key.has(subject.kid)) return 'revoked'
  if (subject.user) {
    if (view.ids.session.has(subject.user.sessionId)) return 'revoked'
    const floor = view.claims.get(subject.user.id)
    return floor && subject.user.claimsVersion < floor.below ? 'stale_claims' : null
  }
  if (subject.clientId !== null && view.ids.client.has(subject.clientId)) return 'revoked'
  return view.ids.token.has(subject.tokenId) ? 'revoked' : null
}
