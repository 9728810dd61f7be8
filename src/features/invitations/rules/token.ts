import { equalBytes, hmacSha256 } from '../../../lib/crypto.ts'
import { concatBytes, fromBase64Url, readUint32, toBase64Url, uint32 } from '../../../lib/encoding.ts'
import { bytesToUuid, uuidToBytes } from '../../../lib/ids.ts'
import type { RootKeys } from '../../../lib/root-keys.ts'
import type { TokenKind, TokenParts } from '../types.ts'

const PREFIX = 'poi_'
const VERSION = 1
const PURPOSE = 'invitation token'
const KINDS: readonly TokenKind[] = ['mail', 'url']

// Offsets of: version 1, kind 1, counter 4, id 16, seal 32.
const KIND = 1
const COUNTER = 2
const ID = 6
const SEAL = 22
const LENGTH = 54

/** A synchronous function that makes tokens with the current root key. None is stored. */
export async function invitationTokenEncoder(keys: RootKeys): Promise<(parts: TokenParts) => string> {
  const key = await keys.current.derive(PURPOSE)
  return ({ id, kind, counter }) => {
    const head = concatBytes(Uint8Array.of(VERSION, KINDS.indexOf(kind)), uint32(counter), uuidToBytes(id))
    return PREFIX + toBase64Url(concatBytes(head, hmacSha256(key, head)))
  }
}

/** The content of a token; undefined unless a known root key has sealed it, so that an invalid token reads no row. */
export async function decodeInvitationToken(keys: RootKeys, token: string): Promise<TokenParts | undefined> {
  if (!/^poi_[A-Za-z0-9_-]{72}$/.test(token)) return undefined
  const bytes = fromBase64Url(token.slice(PREFIX.length))
  const kind = KINDS[bytes?.[KIND] ?? KINDS.length]
  if (bytes?.length !== LENGTH || bytes[0] !== VERSION || kind === undefined) return undefined
  const [head, seal] = [bytes.subarray(0, SEAL), bytes.subarray(SEAL)]
  for (const root of keys.all) {
    if (equalBytes(hmacSha256(await root.derive(PURPOSE), head), seal))
      return { id: bytesToUuid(bytes.subarray(ID, SEAL)), kind, counter: readUint32(bytes, COUNTER) }
  }
  return undefined
}
