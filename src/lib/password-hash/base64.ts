type Bytes = Uint8Array<ArrayBuffer>

function decode(text: string, alphabet: 'base64' | 'base64url'): Bytes | undefined {
  try {
    return Uint8Array.fromBase64(text, { alphabet, lastChunkHandling: 'loose' })
  } catch {
    return undefined
  }
}

/** RFC 4648 4, with or without padding; undefined for anything else. */
export const fromBase64 = (text: string): Bytes | undefined =>
  /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? decode(text, 'base64') : undefined

/** RFC 4648 5, with or without padding. */
export const fromBase64UrlPadded = (text: string): Bytes | undefined =>
  /^[A-Za-z0-9_-]*={0,2}$/.test(text) ? decode(text, 'base64url') : undefined

/** passlib's "adapted base64": `.` for `+`, no padding. */
export const fromAdaptedBase64 = (text: string): Bytes | undefined =>
  /^[A-Za-z0-9./]*$/.test(text) ? decode(text.replaceAll('.', '+'), 'base64') : undefined

export const toBase64NoPadding = (bytes: Uint8Array): string => bytes.toBase64({ omitPadding: true })

export const fromHexText = (text: string): Bytes | undefined =>
  text.length % 2 === 0 && /^[0-9A-Fa-f]*$/.test(text) ? Uint8Array.fromHex(text) : undefined
