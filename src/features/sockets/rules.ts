import { equalBytes, hmacSha256 } from '../../lib/crypto.ts'
import { concatBytes, fromBase64Url, toBase64Url, utf8 } from '../../lib/encoding.ts'
import { bytesToUuid, uuidToBytes } from '../../lib/ids.ts'

const PREFIX = 'pwt_'
const VERSION = 1
const USER = 1
const CLIENT = 2
const SECRET_AT = 2 + 16
const SEAL_AT = SECRET_AT + 32
const LENGTH = SEAL_AT + 16
const NOBODY = new Uint8Array(16)

/** The content of a ticket: the object that issued it, and a secret, of which the object has the hash. */
export interface Ticket {
  /** Null for a client's ticket, which the `platform` hub issued. */
  readonly userId: string | null
  /** 32 bytes, base64url. */
  readonly secret: string
}

const sealOf = (key: Uint8Array, body: Uint8Array): Uint8Array =>
  hmacSha256(key, utf8('websocket ticket'), body).subarray(0, 16)

/** `pwt_` and the base64url of version, kind, user id, secret and MAC. Throws for a secret that does not have 32 bytes. */
export function sealTicket(key: Uint8Array, { userId, secret }: Ticket): string {
  const secretBytes = fromBase64Url(secret)
  if (secretBytes?.length !== 32) throw new TypeError('a ticket has 32 secret bytes')
  const holder = userId === null ? NOBODY : uuidToBytes(userId)
  const body = concatBytes(Uint8Array.of(VERSION, userId === null ? CLIENT : USER), holder, secretBytes)
  return PREFIX + toBase64Url(concatBytes(body, sealOf(key, body)))
}

/** Returns undefined unless the MAC is of one of the keys, so that a forged ticket wakes or creates no object. */
export function openTicket(keys: readonly Uint8Array[], text: string): Ticket | undefined {
  const bytes = text.startsWith(PREFIX) ? fromBase64Url(text.slice(PREFIX.length)) : undefined
  if (bytes?.length !== LENGTH || bytes[0] !== VERSION) return undefined
  const body = bytes.subarray(0, SEAL_AT)
  if (!keys.some((key) => equalBytes(sealOf(key, body), bytes.subarray(SEAL_AT)))) return undefined
  const userId = bytes[1] === USER ? bytesToUuid(bytes.subarray(2, SECRET_AT)) : null
  return { userId, secret: toBase64Url(bytes.subarray(SECRET_AT, SEAL_AT)) }
}
