/** 32 characters that nobody takes for another: 5 bits each, without bias. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const LENGTH = 8
const BACKUP_CODE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

export const BACKUP_CODES = 10

/** Eight characters, 40 bits. `random` gives bytes. */
export const newBackupCode = (random: (length: number) => Uint8Array): string =>
  Array.from(random(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')

/** As people read and type it. */
export const formatBackupCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`

export const hintOf = (code: string): string => code.slice(-2)

export type TypedCode =
  | { readonly kind: 'totp'; readonly code: string }
  | { readonly kind: 'backup_code'; readonly code: string }

/** What was typed, dashes and spaces and case aside; null when it can be no code at all. */
export function readCode(typed: string): TypedCode | null {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  if (/^[0-9]{6}$/.test(code)) return { kind: 'totp', code }
  return BACKUP_CODE.test(code) ? { kind: 'backup_code', code } : null
}
