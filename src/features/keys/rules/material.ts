import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import * as z from 'zod/mini'
import type { Config } from '../../../config.ts'
import { type RootKeys, sealText, unsealText } from '../../../lib/root-keys.ts'
import type { PublicJwk } from '../types.ts'

export type SigningAlg = Config['JWT_ALG']

/** A sealed private key is bound to this purpose and to its kid. */
const SEAL_PURPOSE = 'signing key'

const member = z.string().check(z.minLength(1))

/** RFC 7518 6.2, 6.3 and RFC 8037 2, including the private members. */
const PrivateJwk = z.discriminatedUnion('kty', [
  z.object({
    kty: z.literal('RSA'),
    n: member,
    e: member,
    d: member,
    p: member,
    q: member,
    dp: member,
    dq: member,
    qi: member,
  }),
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: member, y: member, d: member }),
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: member, d: member }),
])
type PrivateJwk = z.infer<typeof PrivateJwk>

/** Lists the public members explicitly, so that no private member is published by accident. */
function publicMembers(jwk: PrivateJwk) {
  switch (jwk.kty) {
    case 'RSA':
      return { kty: jwk.kty, n: jwk.n, e: jwk.e }
    case 'EC':
      return { kty: jwk.kty, crv: jwk.crv, x: jwk.x, y: jwk.y }
    case 'OKP':
      return { kty: jwk.kty, crv: jwk.crv, x: jwk.x }
  }
}

/** A public or private key for `alg`; throws when it is of another type. */
export async function importKey(jwk: JWK, alg: string): Promise<CryptoKey> {
  const key = await importJWK(jwk, alg)
  if (key instanceof Uint8Array) throw new TypeError('a signing key is never symmetric')
  return key
}

export interface NewKey {
  readonly kid: string
  readonly publicJwk: PublicJwk
  readonly privateSealed: string
}

/** A new key. Its kid is its thumbprint (RFC 7638), and the sealed private key is bound to it. */
export async function generateSealedKey(rootKeys: RootKeys, alg: SigningAlg): Promise<NewKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  const privateJwk = PrivateJwk.parse(await exportJWK(privateKey))
  const members = publicMembers(privateJwk)
  const kid = await calculateJwkThumbprint(members)
  return {
    kid,
    publicJwk: { ...members, kid, alg, use: 'sig' },
    privateSealed: await sealText(rootKeys, SEAL_PURPOSE, kid, JSON.stringify(privateJwk)),
  }
}

/** Throws when it was sealed with an unknown root secret or for another kid, or is not a key for `alg`. */
export async function openKey(
  rootKeys: RootKeys,
  { kid, alg, privateSealed }: { kid: string; alg: string; privateSealed: string },
) {
  const privateJwk = PrivateJwk.parse(JSON.parse(await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed)))
  const members = publicMembers(privateJwk)
  const publicJwk: PublicJwk = { ...members, kid, alg, use: 'sig' }
  return { publicJwk, publicKey: await importKey(members, alg), privateKey: await importKey(privateJwk, alg) }
}

/** The same key, sealed with the current root secret. */
export async function resealKey(
  rootKeys: RootKeys,
  { kid, privateSealed }: { kid: string; privateSealed: string },
): Promise<string> {
  return sealText(rootKeys, SEAL_PURPOSE, kid, await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed))
}
