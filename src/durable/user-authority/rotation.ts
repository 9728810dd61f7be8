import { isOtherNetwork } from '../../lib/network.ts'
import { SECOND, toSeconds } from '../../lib/time.ts'
import type { EndReason, RotateRefusal } from '../rpc.ts'
import { type Credentials, isStale } from './credentials.ts'
import { isProofOf } from './proof.ts'
import { type AdvanceRow, expiryOf, type SessionRow } from './tables.ts'
import type { Settings } from './transaction.ts'

export interface PresentedToken {
  readonly generation: number
  readonly proof: Uint8Array
  readonly idempotencyKeyHash: string | null
  readonly ip: string
}

export type RotationDecision =
  | { readonly kind: 'advance' }
  /** `fromAnotherNetwork`: from another network than the advance, without its key. */
  | { readonly kind: 'replay'; readonly advance: AdvanceRow; readonly fromAnotherNetwork: boolean }
  /** `end`: the session ends, too, for this reason. */
  | { readonly kind: 'refuse'; readonly reason: RotateRefusal; readonly end: EndReason | null }

export interface RotationState {
  readonly session: SessionRow | undefined
  /** Of this session. */
  readonly advances: readonly AdvanceRow[]
  readonly credentials: Credentials
  readonly settings: Pick<Settings, 'REFRESH_REPLAY_SECONDS' | 'ACCESS_TOKEN_SECONDS'>
  readonly now: number
}

/** The replay of this many consecutive generations from another network counts as reuse. */
const REPLAYS_FROM_OTHER_NETWORKS = 3

const refuse = (reason: RotateRefusal, end: EndReason | null = null): RotationDecision => ({
  kind: 'refuse',
  reason,
  end,
})

/** Decides what happens to a presented refresh token (the table in docs/architecture.md). A pure function. */
export function decideRotation(state: RotationState, presented: PresentedToken): RotationDecision {
  const { session, credentials, now } = state
  // A browser's session has no refresh tokens.
  if (!session || session.browser_idle_seconds !== null) return refuse('unknown_session')
  // Checked before anything that ends the session: whoever has only the environment's key must not be able to end it.
  if (!isProofOf(session, presented.generation, presented.proof)) return refuse('wrong_proof')
  if (session.ended_at !== null) return refuse(session.end_reason === 'expired' ? 'expired' : 'ended')
  if (now >= expiryOf(session)) return refuse('expired', 'expired')
  if (isStale(session, credentials)) return refuse('stale_credentials', 'credentials_changed')
  if (presented.generation > session.generation) return refuse('from_the_future', 'refresh_from_the_future')
  if (presented.generation === session.generation) return { kind: 'advance' }
  return decideReplay(state, presented)
}

function decideReplay({ advances, settings, now }: RotationState, presented: PresentedToken): RotationDecision {
  const reuse = refuse('reuse', 'refresh_reuse')
  const advance = advances.find(({ generation }) => generation === presented.generation)
  if (!advance) return reuse
  const hasItsKey = advance.key_hash !== null && advance.key_hash === presented.idempotencyKeyHash
  const isInWindow = now - advance.at <= settings.REFRESH_REPLAY_SECONDS * SECOND
  if (!isInWindow && !(hasItsKey && now < answeredTokenExpiry(advance.at, settings))) return reuse
  const fromAnotherNetwork = !hasItsKey && isOtherNetwork(advance.ip, presented.ip)
  if (fromAnotherNetwork && countConsecutiveReplays(advances, presented.generation) >= REPLAYS_FROM_OTHER_NETWORKS)
    return reuse
  return { kind: 'replay', advance, fromAnotherNetwork }
}

/** Until when an advance's idempotency key is valid: the `exp` of the access token that it returned. */
export const answeredTokenExpiry = (at: number, settings: Pick<Settings, 'ACCESS_TOKEN_SECONDS'>): number =>
  (toSeconds(at) + settings.ACCESS_TOKEN_SECONDS) * SECOND

/** How many consecutive generations around `generation`, including it, were replayed from another network. */
function countConsecutiveReplays(advances: readonly AdvanceRow[], generation: number): number {
  const foreign = new Set(advances.filter((row) => row.replayed_abroad === 1).map((row) => row.generation))
  let first = generation
  let last = generation
  while (foreign.has(first - 1)) first -= 1
  while (foreign.has(last + 1)) last += 1
  return last - first + 1
}
