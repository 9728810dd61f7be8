import { equalBytes, hmacSha256 } from '../../lib/crypto.ts'
import { uint32, utf8 } from '../../lib/encoding.ts'
import { uuidToBytes } from '../../lib/ids.ts'
import type { SessionRow } from './tables.ts'

const PROOF_BYTES = 16

type Provable = Pick<SessionRow, 'id' | 'secret' | 'browser_idle_seconds'>

/** A cookie is never good as a refresh token, nor the reverse. */
const labelOf = ({ browser_idle_seconds }: Provable): string =>
  browser_idle_seconds === null ? 'postern refresh proof' : 'postern browser proof'

/** HMAC keyed by the session's own secret: whoever has only the environment's keys cannot mint a refresh token, or a browser's cookie. */
export const proofOf = (session: Provable, generation: number): Uint8Array =>
  hmacSha256(new Uint8Array(session.secret), utf8(labelOf(session)), uuidToBytes(session.id), uint32(generation)).slice(
    0,
    PROOF_BYTES,
  )

export const isProofOf = (session: Provable, generation: number, proof: Uint8Array): boolean =>
  equalBytes(proofOf(session, generation), Uint8Array.from(proof))
