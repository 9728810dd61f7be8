import { type EarlyCtx, withDb } from '../../../context.ts'
import { createBoundedCache, createSizedCache } from '../../../lib/bounded-cache.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { isolateSlot } from '../../../lib/isolate.ts'
import { late } from '../../../lib/late.ts'
import { delay, SECOND, within } from '../../../lib/time.ts'
import { viewOf } from '../../../revocation/freshness.ts'
import { ageOf, BOUND_MS, floorOf, packId } from '../../../revocation/view.ts'

// Few checks need a definition: what reads them is no part of an isolate's start.
const store = late(() => import('../store.ts'))

/** What the custom roles of a scope allow, by key. */
export type Definitions = ReadonlyMap<string, ReadonlySet<string>>

interface Kept {
  readonly version: number
  readonly definitions: Definitions
  /** As the view names the scope. */
  readonly packedScope: string
  /** When the read began. */
  readonly readAt: number
}

/** All that an isolate keeps of what organizations write: definitions of roles, and policies. */
const MAX_RULE_BYTES = 8 * 1024 * 1024

/** Shared by definitions of roles and compiled policies. */
export const keptRules = isolateSlot('kept rules', () => createSizedCache(MAX_RULE_BYTES))

/** A read counts as in flight for this long: its request may be cancelled, and then nothing reports its end. */
const FLIGHT_MS = SECOND
const POLL_MS = 20
const READ_MS = 2 * SECOND
const MAX_FLIGHTS = 1000

/** Deadlines of reads in flight, by scope: many checks at once cause one read. */
const flightsOf = isolateSlot('reads of definitions', () => createBoundedCache<number>(MAX_FLIGHTS))

const keptOf = (ctx: Pick<EarlyCtx, 'isolate'>) => keptRules(ctx).of<Kept>('roles')

/**
 * What the custom roles of a scope allow. `view`: as this isolate has kept them, unless the feed named a newer version; they are
 * kept one access-token lifetime at most, and what the feed says is there for longer. `strong`, and whatever is asked while
 * the feed is away: as they are at the primary. Throws SERVICE_UNAVAILABLE when they cannot be read.
 */
export async function definitionsOf(
  ctx: EarlyCtx,
  scope: string,
  consistency: 'view' | 'strong',
): Promise<Definitions> {
  if (consistency === 'strong' || ageOf(viewOf(ctx), ctx.now()) > BOUND_MS) return read(ctx, scope)
  // Nothing is awaited between this question and the mark of a read: of many misses at once, one reads.
  const known = findCurrent(ctx, scope) ?? (isInFlight(ctx, scope) ? await awaitFlight(ctx, scope) : undefined)
  return known ? known.definitions : read(ctx, scope)
}

function findCurrent(ctx: EarlyCtx, scope: string): Kept | undefined {
  const kept = keptOf(ctx).get(scope)
  if (!kept) return undefined
  const age = ctx.now() - kept.readAt
  const isYoung = age >= 0 && age <= ctx.config.ACCESS_TOKEN_SECONDS * SECOND
  return isYoung && kept.version >= floorOf(viewOf(ctx), 'roles', kept.packedScope) ? kept : undefined
}

/** Waits for another request's read with timers of its own: a promise of that request may never settle. */
async function awaitFlight(ctx: EarlyCtx, scope: string): Promise<Kept | undefined> {
  for (let waited = 0; waited < FLIGHT_MS && isInFlight(ctx, scope); waited += POLL_MS) {
    await delay(POLL_MS)
    const current = findCurrent(ctx, scope)
    if (current) return current
  }
  return undefined
}

const isInFlight = (ctx: EarlyCtx, scope: string): boolean => ctx.now() < (flightsOf(ctx).get(scope) ?? 0)

async function read(ctx: EarlyCtx, scope: string): Promise<Definitions> {
  const readAt = ctx.now()
  flightsOf(ctx).set(scope, readAt + FLIGHT_MS)
  try {
    const { readDefinitions } = await store.load()
    const { version, roles } = await within(READ_MS, readDefinitions(await withDb(ctx), scope))
    const definitions = new Map(roles.map(({ key, permissions }) => [key, new Set(permissions)]))
    const kept = keptOf(ctx).get(scope)
    // A read that began later may have ended before.
    if (!kept || kept.readAt <= readAt)
      keptOf(ctx).set(scope, { version, definitions, packedScope: packId(scope), readAt }, bytesOf(definitions))
    return definitions
  } catch (cause) {
    ctx.log.error('role_definitions_unreadable', cause)
    throw serviceUnavailable({}, { cause })
  } finally {
    flightsOf(ctx).set(scope, 0)
  }
}

// What V8 takes for a map of sets of short strings, rounded up.
const SCOPE_BYTES = 512
const ROLE_BYTES = 512
const PERMISSION_BYTES = 96

function bytesOf(definitions: Definitions): number {
  let bytes = SCOPE_BYTES
  for (const [key, permissions] of definitions) {
    bytes += ROLE_BYTES + key.length
    for (const permission of permissions) bytes += PERMISSION_BYTES + permission.length
  }
  return bytes
}

/** Whether the organization is there and its version is this one or lower, at the primary. Rejects when it cannot be read. */
export async function isOrganizationCurrent(ctx: EarlyCtx, id: string, version: number): Promise<boolean> {
  const { findOrganizationVersion } = await store.load()
  const current = await findOrganizationVersion(await withDb(ctx), id)
  return current !== undefined && current <= version
}
