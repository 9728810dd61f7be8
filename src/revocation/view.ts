import type { FeedPage } from '../durable/rpc.ts'
import type { FeedEntry } from '../lib/event.ts'
import { SECOND } from '../lib/time.ts'

/** Up to `FRESH_MS` a view is used as it is; up to `BOUND_MS` it is used while it is refreshed in the background. */
export const FRESH_MS = 2 * SECOND
export const BOUND_MS = 5 * SECOND

/** The most ids that one isolate holds: 100,000 take about 10 MB of its 128 MB. */
export const MAX_VIEW_ENTRIES = 100_000

/** The newest version that the feed named, and when. */
interface Floor {
  readonly below: number
  readonly at: number
}

type FloorKind = Extract<FeedEntry, { below: number }>['kind']
type IdKind = Exclude<FeedEntry['kind'], FloorKind>

/** An isolate's replica of the revocation feed. Each map is ordered by age, oldest first, or nearly. */
export interface RevocationView {
  epoch: string | null
  /** The seq up to which the view has the feed; null when it must be loaded from the beginning. */
  cursor: number | null
  /** When the latest applied pull was sent; null before the first. Epoch milliseconds. */
  asOf: number | null
  /** The same for the latest pull after which the view was complete. */
  completeAsOf: number | null
  /** The view lacks sessions and claims: callers must ask the objects. It has all that no object can answer for. */
  overflow: boolean
  /** A pull is in flight until then. Not a boolean: a cancelled request would never reset it. */
  inFlightUntil: number
  /** The pull in flight has failed or is late: callers do not wait for it. */
  flightFailed: boolean
  /** Refused ids, packed, and when each was added. */
  readonly ids: Readonly<Record<IdKind, Map<string, number>>>
  /** By packed id: of users, of organizations, and of scopes of custom roles. The last refuse no token. */
  readonly floors: Readonly<Record<FloorKind, Map<string, Floor>>>
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
  floors: { claims: new Map(), organization: new Map(), roles: new Map() },
})

/** Milliseconds since the view's pull was sent; infinite before the first, and when the clock was set back. */
export function ageOf(view: RevocationView, now: number): number {
  if (view.asOf === null || now < view.asOf) return Number.POSITIVE_INFINITY
  return now - view.asOf
}

/** Packs a UUID into eight UTF-16 code units (16 bytes); any other id stays as it is. */
export function packId(id: string): string {
  const hex = id.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/.test(hex)) return id
  const units = Array.from({ length: 8 }, (_, index) => Number.parseInt(hex.slice(index * 4, index * 4 + 4), 16))
  return String.fromCharCode(...units)
}

/** Adds entries. They are only removed by age. */
export function applyEntries(view: RevocationView, entries: Iterable<FeedEntry>, at: number): void {
  for (const entry of entries) applyEntry(view, entry, at)
  if (sizeOf(view) > MAX_VIEW_ENTRIES) markIncomplete(view)
}

function applyEntry(view: RevocationView, entry: FeedEntry, at: number): void {
  const ids: Map<string, number> | undefined = view.ids[entry.kind as IdKind]
  const floors: Map<string, Floor> | undefined = view.floors[entry.kind as FloorKind]
  if (ids && 'id' in entry) addId(ids, packId(entry.id), at)
  else if (floors && 'below' in entry)
    raiseFloor(floors, packId('userId' in entry ? entry.userId : entry.id), entry.below, at)
  // An unknown kind, from newer code: this view cannot apply it, so callers must ask the objects.
  else view.overflow = true
}

function addId(ids: Map<string, number>, id: string, at: number): void {
  if (!ids.has(id)) ids.set(id, at)
}

function raiseFloor(floors: Map<string, Floor>, id: string, below: number, at: number): void {
  if ((floors.get(id)?.below ?? 0) >= below) return
  floors.delete(id)
  floors.set(id, { below, at })
}

function markIncomplete(view: RevocationView): void {
  view.overflow = true
  view.cursor = null
}

/** `reload`: the view needs a page from the beginning. `gap`: it needs a page from its cursor. */
export type Applied = 'applied' | 'reload' | 'gap'

/** Applies a page whose pull was sent at `asOf`, completely or (unless it returns `applied`) not at all. */
export function applyPage(view: RevocationView, page: FeedPage, asOf: number, keepMs: number): Applied {
  const isWhole = page.after === 0
  if (view.epoch !== null && view.epoch !== page.epoch && !isWhole) {
    view.cursor = null
    return 'reload'
  }
  const knownUpTo = view.epoch === page.epoch ? (view.cursor ?? 0) : 0
  const hasAll = page.after !== undefined && page.after <= knownUpTo
  if (!hasAll) return view.cursor === null ? 'reload' : 'gap'
  // During an overflow the feed left out entries before the cursor: only a page from the beginning has them.
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

/** Removes entries added before `time`: the tokens that they refuse have expired. */
export function forget(view: RevocationView, time: number): void {
  for (const ids of Object.values(view.ids)) {
    for (const [id, at] of ids) {
      if (at >= time) break
      ids.delete(id)
    }
  }
  for (const floors of Object.values(view.floors)) {
    for (const [id, { at }] of floors) {
      if (at >= time) break
      floors.delete(id)
    }
  }
}

export const sizeOf = (view: RevocationView): number =>
  [...Object.values(view.ids), ...Object.values(view.floors)].reduce((size, { size: more }) => size + more, 0)

/** The ids in a token that the feed may refuse, packed once for all checks of the token. */
export interface TokenSubject {
  readonly kid: string
  readonly tokenId: string
  /** Null for a user's token. */
  readonly clientId: string | null
  readonly user: {
    readonly id: string
    readonly sessionId: string
    readonly claimsVersion: number
    readonly organization: { readonly id: string; readonly version: number } | null
  } | null
}

/** The newest version that the feed has named, by packed id; 0 when it named none. */
export const floorOf = (view: RevocationView, kind: FloorKind, id: string): number =>
  view.floors[kind].get(id)?.below ?? 0

/** Why the view refuses the token, or null. A refusal is valid however old the view is. */
export function refusalOf(view: RevocationView, subject: TokenSubject): 'revoked' | 'stale_claims' | null {
  if (view.ids.key.has(subject.kid)) return 'revoked'
  if (subject.user) {
    const { id, sessionId, claimsVersion, organization } = subject.user
    if (view.ids.session.has(sessionId)) return 'revoked'
    if (claimsVersion < floorOf(view, 'claims', id)) return 'stale_claims'
    return organization && organization.version < floorOf(view, 'organization', organization.id) ? 'stale_claims' : null
  }
  if (subject.clientId !== null && view.ids.client.has(subject.clientId)) return 'revoked'
  return view.ids.token.has(subject.tokenId) ? 'revoked' : null
}
