import { readUpTo, toBase64, utf8 } from '../../../lib/encoding.ts'
import { findSigners, isSignatureAlgorithm, RSA_SHA256, type TrustedKey } from './algorithms.ts'
import { privateKeyPem } from './own-keys.ts'
import { refuse } from './refusal.ts'
import { decodeBase64, decodeUtf8, MESSAGE_LIMITS, type TextLimits } from './text.ts'

export type MessageParameter = 'SAMLRequest' | 'SAMLResponse'

const LIMITS: TextLimits = { ...MESSAGE_LIMITS, bytes: 64 * 1024 }
const DEFLATE = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE'
const NAMES: readonly string[] = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg', 'Signature', 'SAMLEncoding']

/** A message by redirect (SAML Bindings 3.4.4), as it came. */
export interface RedirectMessage {
  readonly xml: string
  readonly relayState: string | null
  readonly signature: QuerySignature
}

/** Over the octets as they were received: another encoding of the same message is another one. */
export interface QuerySignature {
  readonly octets: string
  readonly algorithm: string
  readonly value: Uint8Array
}

/** A parameter, as it stands in the query and decoded. */
interface Parameter {
  readonly raw: string
  readonly value: string
}

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return refuse('parameters')
  }
}

/** Each parameter of the binding once, and its name in its one spelling; what else is in the query is nobody's. */
function readParameters(query: string): ReadonlyMap<string, Parameter> {
  const parameters = new Map<string, Parameter>()
  for (const raw of query.replace(/^\?/, '').split('&')) {
    const [spelling = '', ...rest] = raw.split('=')
    const name = decode(spelling)
    if (!NAMES.includes(name)) continue
    if (name !== spelling || parameters.has(name)) refuse('parameters')
    parameters.set(name, { raw, value: decode(rest.join('=')) })
  }
  return parameters
}

async function inflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const inflated = async () => {
    try {
      const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
      return await readUpTo(LIMITS.bytes, stream)
    } catch {
      return refuse('not_deflate')
    }
  }
  return (await inflated()) ?? refuse('too_large')
}

/** Rule 1 for a message by redirect: its parameters once, base64, DEFLATE of at most 64 KiB, UTF-8. */
export async function readRedirect(query: string, parameter: MessageParameter): Promise<RedirectMessage> {
  const parameters = readParameters(query)
  const other: MessageParameter = parameter === 'SAMLRequest' ? 'SAMLResponse' : 'SAMLRequest'
  const message = parameters.get(parameter) ?? refuse('parameters')
  if (parameters.has(other) || (parameters.get('SAMLEncoding')?.value ?? DEFLATE) !== DEFLATE) refuse('parameters')
  const relayState = parameters.get('RelayState')
  const algorithm = parameters.get('SigAlg') ?? refuse('unsigned')
  const signature = parameters.get('Signature') ?? refuse('unsigned')
  return {
    xml: decodeUtf8(await inflate(decodeBase64(message.value, LIMITS)), LIMITS),
    relayState: relayState?.value ?? null,
    signature: {
      octets: [message.raw, ...(relayState ? [relayState.raw] : []), algorithm.raw].join('&'),
      algorithm: algorithm.value,
      value: decodeBase64(signature.value, LIMITS),
    },
  }
}

/** Rules 7 and 8 for a message by redirect: the keys that signed it, one at least. */
export function readQuerySigners(
  { octets, algorithm, value }: QuerySignature,
  keys: readonly TrustedKey[],
): readonly TrustedKey[] {
  if (keys.length === 0) refuse('unsigned')
  if (!isSignatureAlgorithm(algorithm)) refuse('algorithm')
  const signers = findSigners(keys, algorithm, octets, value)
  return signers.length > 0 ? signers : refuse('signature_value')
}

export interface Redirection {
  readonly address: string
  readonly parameter: MessageParameter
  readonly xml: string
  readonly relayState: string | null
  /** PKCS #8; null sends the message without a signature. */
  readonly privateKey: Uint8Array | null
}

/** What `encodeURIComponent` leaves and a parser of addresses may not. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** The address to which a browser is sent with a message of ours: DEFLATE, then the signature over the query as it is sent. */
export async function redirectTo({ address, parameter, xml, relayState, privateKey }: Redirection): Promise<string> {
  const deflated = new Blob([utf8(xml)]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  const message = new Uint8Array(await new Response(deflated).arrayBuffer())
  const pairs: (readonly [string, string])[] = [
    [parameter, toBase64(message)],
    ...(relayState === null ? [] : ([['RelayState', relayState]] as const)),
    ...(privateKey ? ([['SigAlg', RSA_SHA256]] as const) : []),
  ]
  const query = pairs.map(([name, value]) => `${name}=${encode(value)}`).join('&')
  const signed = privateKey ? `${query}&Signature=${encode(toBase64(signQuery(query, privateKey)))}` : query
  return `${address}${address.includes('?') ? '&' : '?'}${signed}`
}

const signQuery = (query: string, privateKey: Uint8Array): Uint8Array =>
  process.getBuiltinModule('node:crypto').createSign('SHA256').update(query).sign(privateKeyPem(privateKey))
