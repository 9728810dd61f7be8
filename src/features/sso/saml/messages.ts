import { html as xml } from '../../../lib/html.ts'
import { MINUTE, toIso } from '../../../lib/time.ts'
import {
  ASSERTION,
  ENCRYPTION,
  ENCRYPTION_11,
  METADATA,
  POST,
  PROTOCOL,
  REDIRECT,
  SIGNATURE,
  STATUS,
  SUCCESS,
} from './names.ts'
import type { NameId } from './statements.ts'

/** An id of a message of ours: 160 random bits, as a name. */
export const newMessageId = (): string => `_${crypto.getRandomValues(new Uint8Array(20)).toHex()}`

interface Message {
  readonly id: string
  readonly issuedAt: number
  /** Where it is sent. */
  readonly destination: string
  /** Our entity. */
  readonly entityId: string
}

export interface AuthnRequest extends Message {
  readonly acsUrl: string
  /** The provider asks anew, whoever is signed in there. */
  readonly forceAuthn: boolean
}

/** Asks for an answer by POST. It wants no class of authentication: providers refuse what they cannot meet. */
export const writeAuthnRequest = ({ id, issuedAt, destination, entityId, acsUrl, forceAuthn }: AuthnRequest): string =>
  xml`<samlp:AuthnRequest xmlns:samlp="${PROTOCOL}" xmlns:saml="${ASSERTION}" ID="${id}" Version="2.0" IssueInstant="${toIso(issuedAt)}" Destination="${destination}"${forceAuthn ? xml` ForceAuthn="true"` : null} ProtocolBinding="${POST}" AssertionConsumerServiceURL="${acsUrl}"><saml:Issuer>${entityId}</saml:Issuer></samlp:AuthnRequest>`
    .text

export interface LogoutRequest extends Message {
  /** As the provider named the person. */
  readonly name: NameId
  readonly sessionIndex: string | null
}

/** How long a `LogoutRequest` is good after it was made, ours and theirs. */
export const LOGOUT_LIFETIME = 5 * MINUTE

const attribute = (name: string, value: string | null) => (value === null ? null : xml` ${name}="${value}"`)

export const writeLogoutRequest = ({
  id,
  issuedAt,
  destination,
  entityId,
  name,
  sessionIndex,
}: LogoutRequest): string =>
  xml`<samlp:LogoutRequest xmlns:samlp="${PROTOCOL}" xmlns:saml="${ASSERTION}" ID="${id}" Version="2.0" IssueInstant="${toIso(issuedAt)}" NotOnOrAfter="${toIso(issuedAt + LOGOUT_LIFETIME)}" Destination="${destination}"><saml:Issuer>${entityId}</saml:Issuer><saml:NameID${attribute('NameQualifier', name.nameQualifier)}${attribute('SPNameQualifier', name.spNameQualifier)}${attribute('Format', name.format)}>${name.nameId}</saml:NameID>${sessionIndex === null ? null : xml`<samlp:SessionIndex>${sessionIndex}</samlp:SessionIndex>`}</samlp:LogoutRequest>`
    .text

export interface LogoutResponse extends Message {
  /** The id of the request that it answers. */
  readonly inResponseTo: string
  /** Not every session of the person has ended. */
  readonly isPartial: boolean
}

/** A partial logout is a second-level code below a success (SAML Core 3.2.2.2). */
export const writeLogoutResponse = ({
  id,
  issuedAt,
  destination,
  entityId,
  inResponseTo,
  isPartial,
}: LogoutResponse): string =>
  xml`<samlp:LogoutResponse xmlns:samlp="${PROTOCOL}" xmlns:saml="${ASSERTION}" ID="${id}" Version="2.0" IssueInstant="${toIso(issuedAt)}" Destination="${destination}" InResponseTo="${inResponseTo}"><saml:Issuer>${entityId}</saml:Issuer><samlp:Status><samlp:StatusCode Value="${SUCCESS}">${isPartial ? xml`<samlp:StatusCode Value="${STATUS}PartialLogout"/>` : null}</samlp:StatusCode></samlp:Status></samlp:LogoutResponse>`
    .text

export interface OwnMetadata {
  readonly entityId: string
  readonly acsUrl: string
  readonly sloUrl: string
  /** DER in base64, of every key that is published. */
  readonly certificates: readonly string[]
}

const keyInfo = (certificate: string) =>
  xml`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`

const CIPHERS = [
  `${ENCRYPTION_11}aes256-gcm`,
  `${ENCRYPTION_11}aes128-gcm`,
  `${ENCRYPTION}aes256-cbc`,
  `${ENCRYPTION}aes128-cbc`,
  `${ENCRYPTION}rsa-oaep-mgf1p`,
].map((name) => xml`<md:EncryptionMethod Algorithm="${name}"/>`)

/** What a provider reads about us (SAML Metadata 2.4.4). */
export function writeMetadata({ entityId, acsUrl, sloUrl, certificates }: OwnMetadata): string {
  const signing = certificates.map((text) => xml`<md:KeyDescriptor use="signing">${keyInfo(text)}</md:KeyDescriptor>`)
  const encryption = certificates.map(
    (text) => xml`<md:KeyDescriptor use="encryption">${keyInfo(text)}${CIPHERS}</md:KeyDescriptor>`,
  )
  const logout = [REDIRECT, POST].map(
    (binding) => xml`<md:SingleLogoutService Binding="${binding}" Location="${sloUrl}"/>`,
  )
  return xml`<md:EntityDescriptor xmlns:md="${METADATA}" xmlns:ds="${SIGNATURE}" entityID="${entityId}"><md:SPSSODescriptor protocolSupportEnumeration="${PROTOCOL}" WantAssertionsSigned="true">${signing}${encryption}${logout}<md:AssertionConsumerService Binding="${POST}" Location="${acsUrl}" index="0" isDefault="true"/></md:SPSSODescriptor></md:EntityDescriptor>`
    .text
}
