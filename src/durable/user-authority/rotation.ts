import { isOtherNetwork } from '../../lib/network.ts'
import { SECOND, toSeconds } from '../../lib/time.ts'
import type { EndReason, RotateRefusal } from '../rpc.ts'
import { type Credentials, isStale } from './credentials.ts'
import { isProofOf } from './proof.ts'
import { type AdvanceRow, expiryOf, type SessionRow } from './tables.ts'
import type { Settings } from './turn.ts'

export interface Presented {
  readonly generation: number
  readonly proof: Uint8Array
  readonly idempotencyKeyHash: string | null
  readonly ip: string
}

export type RotationDecision =
  | { readonly kind: 'advance' }
  /** `abroad`: from another network than the advance, without its key. */
  | { readonly kind: 'replay'; readonly advance: AdvanceRow; readonly abroad: boolean }
  /** `end` is why the session ends with it. */
  | { readonly kind: 'refuse'; readonly reason: RotateRefusal; readonly end: EndReason | null }

export interface RotationState {
  readonly session: SessionRow | undefined
  /** Of this session. */
  readonly advances: readonly AdvanceRow[]
  readonly credentials: Credentials
  readonly settings: Pick<Settings, 'REFRESH_REPLAY_SECONDS' | 'ACCESS_TOKEN_SECONDS'>
  readonly now: number
}

/** How many generations running may be replayed from another network before it is no accident. */
const FOREIGN_REPLAYS = 3

const refuse = (reason: RotateRefusal, end: EndReason | null = null): RotationDecision => ({
  kind: 'refuse',
  reason,
  end,
})

/** What becomes of a presented refresh token (the table in docs/architecture.md). Reads nothing and changes nothing. */
export function decideRotation(state: RotationState, presented: Presented): RotationDecision {
  const { session, credentials, now } = state
  if (!session) return refuse('unknown_session')
  // Before all that could end the session: whoever holds only the environment's key cannot.
  if (!isProofOf(session, presented.generation, presented.proof)) return refuse('wrong_proof')
  if (session.ended_at !== null) return refuse(session.end_reason === 'expired' ? 'expired' : 'ended')
  if (now >= expiryOf(session)) return refuse('expired', 'expired')
  if (isStale(session, credentials)) return refuse('stale_credentials', 'credentials_changed')
  if (presented.generation > session.generation) return refuse('from_the_future', 'refresh_from_the_future')
  if (presented.generation === session.generation) return { kind: 'advance' }
  return decideReplay(state, presented)
}

function decideReplay({ advances, settings, now }: RotationState, presented: Presented): RotationDecision {
  const reuse = refuse('reuse', 'refresh_reuse')
  const advance = advances.find(({ generation }) => generation === presented.generation)
  if (!advance) return reuse
  const hasItsKey = advance.key_hash !== null && advance.key_hash === presented.idempotencyKeyHash
  const isInWindow = now - advance.at <= settings.REFRESH_REPLAY_SECONDS * SECOND
  if (!isInWindow && !(hasItsKey && now < answeredTokenExpiry(advance.at, settings))) return reuse
  const abroad = !hasItsKey && isOtherNetwork(advance.ip, presented.ip)
  if (abroad && foreignRun(advances, presented.generation) >= FOREIGN_REPLAYS) return reuse
  return { kind: 'replay', advance, abroad }
}

/** Until when the key of an advance counts: the `exp` of the access token that it answered. */
export const answeredTokenExpiry = (at: number, settings: Pick<Settings, 'ACCESS_TOKEN_SECONDS'>): number =>
  (toSeconds(at) + settings.ACCESS_TOKEN_SECONDS) * SECOND

/** The length of the run of generations around `generation`, itself counted, that were replayed from another network. */
function foreignRun(advances: readonly AdvanceRow[], generation: number): number {
  const foreign = new Set(advances.filter((row) => row.replayed_abroad === 1).map((row) => row.generation))
  let first = generation
  let last = generation
  while (foreign.has(first - 1)) first -= 1
  while (foreign.has(last + 1)) last += 1
  return last - first + 1
}
