import { compactVerify, errors } from 'jose'

/** The payload, or undefined when the key did not sign it. The algorithm is the key's (RFC 8725 3.1). */
export async function verifySignature(
  token: string,
  key: { alg: string; publicKey: CryptoKey },
): Promise<Uint8Array | undefined> {
  try {
    return (await compactVerify(token, key.publicKey, { algorithms: [key.alg] })).payload
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return undefined
    throw cause
  }
}
