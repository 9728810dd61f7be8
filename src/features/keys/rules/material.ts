import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose'
import * as z from 'zod'
import type { Config } from '../../../config.ts'
import { type RootKeys, sealText, unsealText } from '../../../lib/root-keys.ts'
import type { PublicJwk } from '../types.ts'

export type SigningAlg = Config['JWT_ALG']

/** What the seal of a private key is bound to, beside its kid. */
const SEAL_PURPOSE = 'signing key'

const member = z.string().min(1)

/** RFC 7518 6.2, 6.3 and RFC 8037 2, with the private members. */
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

/** Names each public member: what a private key gains one day is not published by accident. */
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

/** A public or private key for `alg`; throws when it is of another kind. */
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

/** A fresh key, named by its thumbprint (RFC 7638), sealed and bound to that name. */
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

/** Throws when no known root secret sealed it for this kid, or when it is no key of `alg`. */
export async function openKey(
  rootKeys: RootKeys,
  { kid, alg, privateSealed }: { kid: string; alg: string; privateSealed: string },
) {
  const privateJwk = PrivateJwk.parse(JSON.parse(await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed)))
  const members = publicMembers(privateJwk)
  const publicJwk: PublicJwk = { ...members, kid, alg, use: 'sig' }
  return { publicJwk, publicKey: await importKey(members, alg), privateKey: await importKey(privateJwk, alg) }
}

/** The same key under the root secret in force. */
export async function resealKey(
  rootKeys: RootKeys,
  { kid, privateSealed }: { kid: string; privateSealed: string },
): Promise<string> {
  return sealText(rootKeys, SEAL_PURPOSE, kid, await unsealText(rootKeys, SEAL_PURPOSE, kid, privateSealed))
}
