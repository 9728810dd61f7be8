/** A UUID v4 (RFC 9562 5.4): a published client rejects other versions. */
export const newUuid = (): string => crypto.randomUUID()

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

export const isUuid = (value: string): boolean => UUID.test(value)

/** The 16 bytes of a UUID. */
export function uuidToBytes(uuid: string): Uint8Array {
  const hex = uuid.replaceAll('-', '')
  if (!/^[0-9a-f]{32}$/i.test(hex)) throw new TypeError('not a UUID')
  return Uint8Array.fromHex(hex)
}

/** Sixteen bytes as a UUID, lower case. */
export function bytesToUuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new TypeError('a UUID has 16 bytes')
  const hex = bytes.toHex()
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** Makes sixteen bytes a valid UUID v4 by setting its version and variant bits (RFC 9562 4). */
export function bytesToUuidV4(bytes: Uint8Array): string {
  const copy = Uint8Array.from(bytes.subarray(0, 16))
  copy[6] = ((copy[6] ?? 0) & 0x0f) | 0x40
  copy[8] = ((copy[8] ?? 0) & 0x3f) | 0x80
  return bytesToUuid(copy)
}
