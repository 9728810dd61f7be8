import { equalBytes, hmacSha256 } from '../../../lib/crypto.ts'
import { concatBytes, fromBase64Url, readUint32, toBase64Url, uint32 } from '../../../lib/encoding.ts'
import { bytesToUuid, uuidToBytes } from '../../../lib/ids.ts'
import type { RootKeys } from '../../../lib/root-keys.ts'
import type { RefreshTokenParts } from '../types.ts'

/** Refresh tokens and cookies of browsers have one form under labels of their own: neither is ever good as the other. */
interface Label {
  readonly prefix: 'prt_' | 'pbs_'
  readonly purpose: string
}

const REFRESH: Label = { prefix: 'prt_', purpose: 'refresh token' }
const BROWSER: Label = { prefix: 'pbs_', purpose: 'browser session' }
const VERSION = 1

// Offsets of: version 1, key id 4, user id 16, session id 16, generation 4, seal 16, proof 16.
const KEY_ID = 1
const USER_ID = 5
const SESSION_ID = 21
const GENERATION = 37
const SEAL = 41
const PROOF = 57
const LENGTH = 73

const sealOf = (key: Uint8Array, head: Uint8Array, proof: Uint8Array): Uint8Array =>
  hmacSha256(key, head, proof).slice(0, PROOF - SEAL)

type Encode = (parts: RefreshTokenParts) => string

async function encoderOf(keys: RootKeys, { prefix, purpose }: Label): Promise<Encode> {
  const { idBytes } = keys.current
  const key = await keys.current.derive(purpose)
  return ({ userId, sessionId, generation, proof }) => {
    const head = concatBytes(
      Uint8Array.of(VERSION),
      idBytes,
      uuidToBytes(userId),
      uuidToBytes(sessionId),
      uint32(generation),
    )
    return prefix + toBase64Url(concatBytes(head, sealOf(key, head, proof), proof))
  }
}

async function decode(
  keys: RootKeys,
  { prefix, purpose }: Label,
  token: string,
): Promise<RefreshTokenParts | undefined> {
  if (!token.startsWith(prefix) || !/^[A-Za-z0-9_-]{98}$/.test(token.slice(prefix.length))) return undefined
  const bytes = fromBase64Url(token.slice(prefix.length))
  if (bytes?.length !== LENGTH || bytes[0] !== VERSION) return undefined
  const keyId = bytes.subarray(KEY_ID, USER_ID)
  const root = keys.all.find((candidate) => equalBytes(candidate.idBytes, keyId))
  if (!root) return undefined
  const proof = bytes.slice(PROOF, LENGTH)
  const seal = sealOf(await root.derive(purpose), bytes.subarray(0, SEAL), proof)
  if (!equalBytes(seal, bytes.subarray(SEAL, PROOF))) return undefined
  return {
    userId: bytesToUuid(bytes.subarray(USER_ID, SESSION_ID)),
    sessionId: bytesToUuid(bytes.subarray(SESSION_ID, GENERATION)),
    generation: readUint32(bytes, GENERATION),
    proof,
  }
}

/** A synchronous function that makes refresh tokens with the current root key. */
export const refreshTokenEncoder = (keys: RootKeys): Promise<Encode> => encoderOf(keys, REFRESH)

/** As `refreshTokenEncoder`, for what a browser's cookie holds. */
export const browserTokenEncoder = (keys: RootKeys): Promise<Encode> => encoderOf(keys, BROWSER)

/** The content of a token; undefined unless a known root key has sealed it, so that an invalid token calls no object. */
export const decodeRefreshToken = (keys: RootKeys, token: string): Promise<RefreshTokenParts | undefined> =>
  decode(keys, REFRESH, token)

/** As `decodeRefreshToken`, of what a browser's cookie holds. */
export const decodeBrowserToken = (keys: RootKeys, token: string): Promise<RefreshTokenParts | undefined> =>
  decode(keys, BROWSER, token)
