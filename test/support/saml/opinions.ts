import { ACS, ALGORITHMS, AUDIENCE, DIGESTS, ENTITY, encode } from './documents.ts'
import type { TestKey } from './keys.ts'
import { loadNodeSaml } from './libraries.mjs'
import { attributeOf, canonical, childrenOf, descendants, type Node, parse, textOf } from './xml.ts'

/** Whom a verifier reads in an answer, or null when it refuses. */
type Opinion = (xml: string, key: TestKey, recipient?: TestKey) => Promise<string | null>

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const utf8 = (text: string) => new TextEncoder().encode(text)
const HASHES = { SHA1: 'SHA-1', SHA256: 'SHA-256', SHA384: 'SHA-384', SHA512: 'SHA-512' } as const
const DIGEST_HASHES = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const

const child = (node: Node, local: string): Node => {
  const [found, second] = childrenOf(node).filter((each) => each.local === local)
  if (!found || second) throw new Error(`not one ${local}`)
  return found
}
const algorithmOf = (node: Node) => attributeOf(node, 'Algorithm') ?? ''
const decoded = (node: Node) => Uint8Array.fromBase64(textOf(node))

async function digestHolds(signature: Node, signed: Node): Promise<boolean> {
  const reference = child(child(signature, 'SignedInfo'), 'Reference')
  if (attributeOf(reference, 'URI') !== `#${attributeOf(signed, 'ID')}`) return false
  const lists = descendants(child(reference, 'Transforms')).filter(({ local }) => local === 'InclusiveNamespaces')
  const inclusive = lists.flatMap((list) => (attributeOf(list, 'PrefixList') ?? '').split(' '))
  const name = algorithmOf(child(reference, 'DigestMethod'))
  const [hash] = Object.entries(DIGESTS).find(([, uri]) => uri === name) ?? []
  if (!hash) return false
  const octets = utf8(canonical(signed, { inclusive, without: signature }))
  const digest = new Uint8Array(await crypto.subtle.digest(DIGEST_HASHES[hash as keyof typeof DIGEST_HASHES], octets))
  return digest.toBase64() === decoded(child(reference, 'DigestValue')).toBase64()
}

async function signatureHolds(signature: Node, { publicKey }: TestKey): Promise<boolean> {
  const info = child(signature, 'SignedInfo')
  const row = Object.entries(ALGORITHMS).find(([, { name }]) => name === algorithmOf(child(info, 'SignatureMethod')))
  if (!row) return false
  const [algorithm, { hash: nodeHash }] = row
  const hash = HASHES[nodeHash]
  const spki = Uint8Array.fromBase64(publicKey.replace(/-----[^-]+-----/g, ''))
  const [imported, used] = algorithm.startsWith('ecdsa')
    ? [
        { name: 'ECDSA', namedCurve: spki.length > 100 ? 'P-384' : 'P-256' },
        { name: 'ECDSA', hash },
      ]
    : algorithm === 'rsa-pss'
      ? [
          { name: 'RSA-PSS', hash },
          { name: 'RSA-PSS', saltLength: 32 },
        ]
      : [{ name: 'RSASSA-PKCS1-v1_5', hash }, { name: 'RSASSA-PKCS1-v1_5' }]
  const key = await crypto.subtle.importKey('spki', spki, imported, false, ['verify'])
  return crypto.subtle.verify(used, key, decoded(child(signature, 'SignatureValue')), utf8(canonical(info)))
}

/** Of our own on Web Crypto: another parser, another canonical form, digests over its own octets. */
export const ownOpinion: Opinion = async (xml, key) => {
  try {
    const root = parse(xml.replace(/^<\?xml[^>]*\?>/, ''))
    const signatures = descendants(root).filter(({ namespace, local }) => namespace === DSIG && local === 'Signature')
    const signed = signatures.map(({ parent }) => parent ?? root)
    if (signatures.length === 0) return null
    for (const [at, signature] of signatures.entries()) {
      const holds = (await digestHolds(signature, signed[at] ?? root)) && (await signatureHolds(signature, key))
      if (!holds) return null
    }
    const assertions = descendants(signed.find(({ local }) => local === 'Assertion') ?? root).filter(
      ({ local }) => local === 'Assertion',
    )
    const [assertion] = assertions
    return assertion && assertions.length === 1 ? textOf(child(child(assertion, 'Subject'), 'NameID')) : null
  } catch {
    return null
  }
}

/** What most of Node uses. It looks at the clock, which the tests' documents do not; and knows fewer algorithms. */
export const nodeSamlOpinion: Opinion = async (xml, key, recipient) => {
  const { SAML } = await loadNodeSaml()
  const saml = new SAML({
    idpCert: key.certificate,
    idpIssuer: ENTITY,
    issuer: AUDIENCE,
    audience: AUDIENCE,
    callbackUrl: ACS,
    acceptedClockSkewMs: -1,
    wantAssertionsSigned: false,
    wantAuthnResponseSigned: false,
    validateInResponseTo: 'never',
    ...(recipient && { decryptionPvk: recipient.privateKey }),
  })
  try {
    const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: encode(xml) })
    return profile?.nameID ?? null
  } catch {
    return null
  }
}
