/** 32 characters that are not mistaken for each other: 5 bits each, without bias. */
const ALPHABET = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'
const LENGTH = 8
const FORM = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** A code that people type: eight characters, 40 bits. `random` gives bytes. */
export const newTypedCode = (random: (length: number) => Uint8Array): string =>
  Array.from(random(LENGTH), (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')

/** The form that is shown: `XXXX-XXXX`. */
export const formatTypedCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`

/** A code as it was typed, without dashes and spaces and in upper case; null when it has not the form of one. */
export function readTypedCode(typed: string): string | null {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  return FORM.test(code) ? code : null
}
