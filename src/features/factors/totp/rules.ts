import { HOTP, Secret, TOTP } from 'otpauth'
import { SECOND } from '../../../lib/time.ts'
import { readTypedCode } from '../../../lib/typed-code.ts'

/** The factor's name in mails. */
export const FACTOR = 'Authenticator (TOTP)'

const PERIOD_MS = 30 * SECOND
const DIGITS = 6
const ALGORITHM = 'SHA1'
/** RFC 6238 5.2: allows one step of clock drift and network delay, either way. */
const WINDOW = 1
const SECRET_BYTES = 20

/** 160 bits (RFC 4226 4 R6), base32. `random` gives bytes. */
export const newTotpSecret = (random: (length: number) => Uint8Array<ArrayBuffer>): string =>
  new Secret({ buffer: random(SECRET_BYTES).buffer }).base32

/** The time step of a code, or null. `now` is epoch milliseconds. */
export function findStep(secret: string, code: string, now: number): number | null {
  const counter = Math.floor(now / PERIOD_MS)
  const key = { secret: Secret.fromBase32(secret), algorithm: ALGORITHM, digits: DIGITS }
  const delta = HOTP.validate({ ...key, token: code, counter, window: WINDOW })
  return delta === null ? null : counter + delta
}

/** The code of the present time step. `now` is epoch milliseconds. */
export const codeAt = (secret: string, now: number): string =>
  HOTP.generate({
    secret: Secret.fromBase32(secret),
    algorithm: ALGORITHM,
    digits: DIGITS,
    counter: Math.floor(now / PERIOD_MS),
  })

/** What an authenticator app reads from a QR code. Neither part may have a colon (Key URI Format); an address has none. */
export const provisioningUriOf = (input: { issuer: string; account: string; secret: string }): string =>
  new TOTP({
    issuer: input.issuer.replaceAll(':', ''),
    label: input.account,
    secret: input.secret,
    algorithm: ALGORITHM,
    digits: DIGITS,
    period: PERIOD_MS / SECOND,
  }).toString()

export const BACKUP_CODES = 10

export const hintOf = (code: string): string => code.slice(-2)

export type TypedCode =
  | { readonly kind: 'totp'; readonly code: string }
  | { readonly kind: 'backup_code'; readonly code: string }

/** A typed code, without dashes and spaces and in upper case; null when it has the form of no code. */
export function readCode(typed: string): TypedCode | null {
  const digits = typed.replace(/[\s-]/g, '')
  if (/^[0-9]{6}$/.test(digits)) return { kind: 'totp', code: digits }
  const code = readTypedCode(typed)
  return code === null ? null : { kind: 'backup_code', code }
}
