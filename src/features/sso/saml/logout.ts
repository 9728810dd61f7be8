import type { TrustedKey } from './algorithms.ts'
import { trustedKeys } from './certificates.ts'
import type { XmlElement } from './libraries.mjs'
import { LOGOUT_LIFETIME } from './messages.ts'
import { ASSERTION, PROTOCOL, STATUS, SUCCESS } from './names.ts'
import { loadXml, parseXml, type Xml } from './parse.ts'
import { type QuerySignature, readQuerySigners, readRedirect } from './redirect.ts'
import { orRefused, orRefusedLater, type Refused, refuse } from './refusal.ts'
import { checkDestination, checkInResponseTo, checkLogoutMessage } from './shape.ts'
import { readSigned } from './signature.ts'
import { checkIssuer, isBefore, isSince, issuerOf, type NameId, readNameId, readTime } from './statements.ts'
import { checkText, decodeBase64, decodeUtf8, MESSAGE_LIMITS } from './text.ts'
import { attributeOf, childrenOf, onlyChild, textOf } from './tree.ts'

type LogoutName = 'LogoutRequest' | 'LogoutResponse'

/** A message of logout that has the form of one, of which nothing is proved. */
export interface OpenedLogout {
  readonly document: Xml
  /** Who says that it is the sender: which connection's keys are tried. */
  readonly issuer: string
  readonly relayState: string | null
  /** Null for a message by POST, which has its signature inside. */
  readonly signature: QuerySignature | null
}

/** What the connection says a message must be. */
export interface ExpectedLogout {
  /** The provider's entity. */
  readonly entityId: string
  readonly certificates: readonly string[]
  /** Our address. */
  readonly sloUrl: string
  readonly now: number
}

function open(name: LogoutName, text: string, more: Pick<OpenedLogout, 'relayState' | 'signature'>): OpenedLogout {
  const document = parseXml(checkText(text, MESSAGE_LIMITS))
  checkLogoutMessage(document, name)
  return { document, issuer: issuerOf(document.root) ?? refuse('issuer'), ...more }
}

/** Rules 1 to 4 for a message by POST: the value of `SAMLRequest` or `SAMLResponse`, and of `RelayState`. */
export async function openLogoutForm(
  name: LogoutName,
  value: string,
  relayState: string | null,
): Promise<OpenedLogout | Refused> {
  await loadXml()
  return orRefused(() => {
    const text = decodeUtf8(decodeBase64(value, MESSAGE_LIMITS), MESSAGE_LIMITS)
    return open(name, text, { relayState, signature: null })
  })
}

/** Rules 1 to 4 for a message by redirect: the query as it was received, byte by byte. */
export async function openLogoutQuery(name: LogoutName, query: string): Promise<OpenedLogout | Refused> {
  await loadXml()
  return orRefusedLater(async () => {
    const { xml, ...more } = await readRedirect(query, name === 'LogoutRequest' ? 'SAMLRequest' : 'SAMLResponse')
    return open(name, xml, more)
  })
}

interface SignedRoot {
  readonly message: XmlElement
  readonly signers: readonly TrustedKey[]
}

/** Rules 5 to 9, issuer and age: the message, as it was signed. */
function readProved(opened: OpenedLogout, { entityId, certificates, sloUrl, now }: ExpectedLogout): SignedRoot {
  const { message, signers } = readSignedRoot(opened, certificates)
  checkDestination(message, sloUrl)
  checkIssuer(message, entityId)
  const issued = attributeOf(message, 'IssueInstant')
  if (!isSince(now, issued)) refuse('not_yet')
  if (!(now < readTime(issued) + LOGOUT_LIFETIME)) refuse('expired')
  return { message, signers }
}

function readSignedRoot({ document, signature }: OpenedLogout, certificates: readonly string[]): SignedRoot {
  const keys = trustedKeys(certificates)
  const [signed] = readSigned(document, keys)
  if (!signature) return signed ? { message: signed.root, signers: signed.signers } : refuse('unsigned')
  if (signed) refuse('signature_place')
  return { message: document.root, signers: readQuerySigners(signature, keys) }
}

export interface ProvedLogoutRequest extends NameId {
  /** Good once: the caller remembers it until `expiresAt`. */
  readonly id: string
  readonly expiresAt: number
  /** The sessions that end; all of the person's where it is empty. */
  readonly sessionIndexes: readonly string[]
}

/** Each costs the caller readings: a request names the few sessions of one person, not as many as fit in. */
const MAX_SESSIONS = 10

/**
 * Whom a provider signs out, and the certificates whose keys signed that: several connections may have been asked for theirs.
 * That its id is good once is the caller's to decide.
 */
export const readLogoutRequest = (
  opened: OpenedLogout,
  expected: ExpectedLogout,
): { readonly request: ProvedLogoutRequest; readonly certificates: readonly string[] } | Refused =>
  orRefused(() => {
    const { message, signers } = readProved(opened, expected)
    const end = attributeOf(message, 'NotOnOrAfter')
    if (end !== undefined && !isBefore(expected.now, end)) refuse('expired')
    const indexes = childrenOf(message, PROTOCOL, 'SessionIndex')
    if (indexes.length > MAX_SESSIONS) refuse('session_index')
    const sessionIndexes = indexes.map((element) => textOf(element) || refuse('session_index'))
    const id = attributeOf(message, 'ID') ?? refuse('message_id')
    const expiresAt = readTime(attributeOf(message, 'IssueInstant')) + LOGOUT_LIFETIME
    const request = { id, expiresAt, ...readNameId(message), sessionIndexes }
    return { request, certificates: signers.map(({ certificate }) => certificate) }
  })

/** Whether the provider says that it ended all sessions, in its answer to our request of that id. */
export const readLogoutResponse = (
  opened: OpenedLogout,
  expected: ExpectedLogout & { readonly requestId: string },
): { readonly isComplete: boolean } | Refused =>
  orRefused(() => {
    const { message } = readProved(opened, expected)
    checkInResponseTo(message, expected.requestId)
    const code = onlyChild(onlyChild(message, PROTOCOL, 'Status') ?? refuse('status'), PROTOCOL, 'StatusCode')
    const second = code && onlyChild(code, PROTOCOL, 'StatusCode')
    const isPartial = second !== undefined && attributeOf(second, 'Value') === `${STATUS}PartialLogout`
    return { isComplete: code !== undefined && attributeOf(code, 'Value') === SUCCESS && !isPartial }
  })

/** Whom a request names, as it says without proof: only to say whose keys are tried first. */
export const unprovedName = ({ document }: OpenedLogout): string =>
  textOf(onlyChild(document.root, ASSERTION, 'NameID')) ?? ''
