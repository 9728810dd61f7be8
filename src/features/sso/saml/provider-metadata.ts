import { type Certificate, type CertificateOptions, readCertificate } from './certificates.ts'
import type { XmlElement } from './libraries.mjs'
import { METADATA, PROTOCOL, REDIRECT, SIGNATURE } from './names.ts'
import { loadXml, parseXml } from './parse.ts'
import { orRefused } from './refusal.ts'
import { isBefore, isOneLine } from './statements.ts'
import { checkText, decodeUtf8, type TextLimits } from './text.ts'
import { attributeOf, childrenOf, is, textOf } from './tree.ts'

const LIMITS: TextLimits = { bytes: 1024 * 1024, tags: 20_000, attributes: 40_000 }
const MAX_CERTIFICATES = 5
const MAX_ENTITY = 1024

/** What an identity provider says of itself. */
export interface SamlMetadata {
  readonly entityId: string
  /** By redirect. */
  readonly ssoUrl: string
  /** By redirect; null when there is none. */
  readonly sloUrl: string | null
  readonly certificates: readonly Certificate[]
  /** It wants our requests signed. */
  readonly wantsSignedRequests: boolean
}

const MESSAGES = {
  not_metadata: 'it is no XML that could be metadata',
  aggregate: 'it describes several entities',
  entity: 'it has no good entityID',
  no_identity_provider: 'it describes no identity provider, or several',
  metadata_expired: 'it has expired',
  no_redirect: 'it has no https address for sign-in by HTTP-Redirect',
  logout_address: 'its address for logout by HTTP-Redirect is not an https address of a public host',
  no_certificate: 'it has no signing certificate',
  too_many_certificates: `it has more than ${MAX_CERTIFICATES} signing certificates`,
  not_a_certificate: 'is no certificate',
  weak_key: 'has a key that is not taken: RSA from 2048 bits, P-256 or P-384',
  certificate_expired: 'has expired',
} as const

/** What is wrong with metadata: for the log, and in words for an admin. */
export interface SamlMetadataProblem {
  readonly reason: keyof typeof MESSAGES
  readonly message: string
}

export type SamlMetadataReading = { readonly metadata: SamlMetadata } | { readonly problem: SamlMetadataProblem }

const problemOf = (reason: keyof typeof MESSAGES, subject = 'the metadata cannot be taken:') => ({
  problem: { reason, message: `${subject} ${MESSAGES[reason]}` },
})

const COMMENT = /<!--(?:(?!--)[\s\S])*-->/g

/** The root of a text by rules 1 to 3, which lets comments be: nothing of it is signed for us. */
function parse(bytes: Uint8Array): XmlElement | undefined {
  const document = orRefused(() => parseXml(checkText(decodeUtf8(bytes, LIMITS).replace(COMMENT, ''), LIMITS)))
  return 'refused' in document ? undefined : document.root
}

/** Undefined where there is none; null for one that may not be called. */
function addressOf(provider: XmlElement, service: string, mayCall: (address: string) => boolean) {
  const [endpoint] = childrenOf(provider, METADATA, service).filter((each) => attributeOf(each, 'Binding') === REDIRECT)
  if (!endpoint) return undefined
  const address = attributeOf(endpoint, 'Location') ?? ''
  return mayCall(address) && !address.includes('#') ? address : null
}

/** The texts of the certificates of a provider's signing keys. A key without a use is for both. */
function certificatesOf(provider: XmlElement): readonly string[] {
  const keys = childrenOf(provider, METADATA, 'KeyDescriptor').filter((key) => attributeOf(key, 'use') !== 'encryption')
  const data = keys
    .flatMap((key) => childrenOf(key, SIGNATURE, 'KeyInfo'))
    .flatMap((info) => childrenOf(info, SIGNATURE, 'X509Data'))
  const texts = data.flatMap((each) => childrenOf(each, SIGNATURE, 'X509Certificate')).map((each) => textOf(each) ?? '')
  return [...new Set(texts.map((text) => text.replace(/[ \t\r\n]+/g, '')))]
}

type CertificatesReading = { readonly certificates: readonly Certificate[] } | { readonly problem: SamlMetadataProblem }

/** Signing certificates as they are configured: one to five, each good; the problem says which is not. */
export function readCertificates(texts: readonly string[], options: CertificateOptions): CertificatesReading {
  const { certificates, problems } = sortOut(texts, options)
  const [problem] = problems
  return problem ? { problem } : { certificates }
}

/** As `readCertificates`, of metadata: what is not good is left out while another is. */
function readGood(texts: readonly string[], options: CertificateOptions): CertificatesReading {
  const { certificates, problems } = sortOut(texts, options)
  const [problem] = problems
  return problem && certificates.length === 0 ? { problem } : { certificates }
}

function sortOut(texts: readonly string[], options: CertificateOptions) {
  const certificates: Certificate[] = []
  const problems: SamlMetadataProblem[] = []
  if (texts.length === 0) problems.push(problemOf('no_certificate').problem)
  if (texts.length > MAX_CERTIFICATES) return { certificates, problems: [problemOf('too_many_certificates').problem] }
  for (const [at, text] of texts.entries()) {
    const read = readCertificate(text, options)
    if ('problem' in read) problems.push(problemOf(read.problem, `signing certificate ${at + 1}`).problem)
    else certificates.push(read)
  }
  return { certificates, problems }
}

export interface MetadataOptions extends CertificateOptions {
  /** Whether browsers may be sent to an address. */
  readonly mayCall: (address: string) => boolean
  /** The address for logout that stays where that of the metadata cannot be taken. Undefined: then nothing of them is. */
  readonly sloUrlBefore?: string | null | undefined
}

const isTrue = (text: string | undefined): boolean => text === 'true' || text === '1'

/** The metadata of one identity provider (SAML Metadata 2.4.3). Their own signature is not read: who configures them vouches. */
export async function readSamlMetadata(bytes: Uint8Array, options: MetadataOptions): Promise<SamlMetadataReading> {
  await loadXml()
  const root = parse(bytes)
  return root ? readEntity(root, options) : problemOf('not_metadata')
}

/** Whether a text can be the entity of a provider. */
export const isEntity = (text: string): boolean => text.length <= MAX_ENTITY && isOneLine(text)

function readEntity(root: XmlElement, options: MetadataOptions): SamlMetadataReading {
  const { now, mayCall, sloUrlBefore } = options
  if (is(root, METADATA, 'EntitiesDescriptor')) return problemOf('aggregate')
  if (!is(root, METADATA, 'EntityDescriptor')) return problemOf('not_metadata')
  const entityId = attributeOf(root, 'entityID') ?? ''
  if (!isEntity(entityId)) return problemOf('entity')
  const providers = childrenOf(root, METADATA, 'IDPSSODescriptor')
  const [provider] = providers.filter((each) =>
    (attributeOf(each, 'protocolSupportEnumeration') ?? '').split(' ').includes(PROTOCOL),
  )
  if (!provider || providers.length > 1) return problemOf('no_identity_provider')
  const ends = [root, provider].map((element) => attributeOf(element, 'validUntil'))
  if (ends.some((end) => end !== undefined && !isBefore(now, end))) return problemOf('metadata_expired')
  const ssoUrl = addressOf(provider, 'SingleSignOnService', mayCall)
  if (!ssoUrl) return problemOf('no_redirect')
  const named = addressOf(provider, 'SingleLogoutService', mayCall)
  if (named === null && sloUrlBefore === undefined) return problemOf('logout_address')
  const sloUrl = named === null ? sloUrlBefore : named
  const read = readGood(certificatesOf(provider), options)
  if ('problem' in read) return read
  const wantsSignedRequests = isTrue(attributeOf(provider, 'WantAuthnRequestsSigned'))
  return {
    metadata: { entityId, ssoUrl, sloUrl: sloUrl ?? null, certificates: read.certificates, wantsSignedRequests },
  }
}
