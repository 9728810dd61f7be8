import { ALGORITHMS, ENTITY, signBytes } from './documents.ts'
import { NOW, type TestKey } from './keys.ts'

export const SLO = 'https://auth.example/api/v1/sso/saml/slo'
const MINUTE = 60_000
const at = (ms: number) => new Date(NOW + ms).toISOString()

/** Messages of a provider, unsigned. */
export const LOGOUT_REQUEST = `<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_logout" Version="2.0" IssueInstant="${at(0)}" Destination="${SLO}" NotOnOrAfter="${at(5 * MINUTE)}"><saml:Issuer>${ENTITY}</saml:Issuer><saml:NameID Format="f">ada@acme.example</saml:NameID><samlp:SessionIndex>_one</samlp:SessionIndex><samlp:SessionIndex>_two</samlp:SessionIndex></samlp:LogoutRequest>`
export const LOGOUT_RESPONSE = `<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_answer" Version="2.0" IssueInstant="${at(0)}" Destination="${SLO}" InResponseTo="_ours"><saml:Issuer>${ENTITY}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status></samlp:LogoutResponse>`

export async function deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

export interface Redirection {
  readonly algorithm?: keyof typeof ALGORITHMS
  readonly by: TestKey
  readonly relayState?: string
  readonly parameter?: string
}

/** A message by redirect, as a provider sends it. */
export async function redirected(
  xml: string | Uint8Array,
  { algorithm = 'rsa-sha256', by, relayState, parameter = 'SAMLRequest' }: Redirection,
) {
  const bytes = typeof xml === 'string' ? await deflate(Uint8Array.from(new TextEncoder().encode(xml))) : xml
  const pairs = [
    `${parameter}=${encodeURIComponent(bytes.toBase64())}`,
    ...(relayState === undefined ? [] : [`RelayState=${encodeURIComponent(relayState)}`]),
    `SigAlg=${encodeURIComponent(ALGORITHMS[algorithm].name)}`,
  ]
  const signed = pairs.join('&')
  return `${signed}&Signature=${encodeURIComponent(signBytes(signed, by, algorithm).toBase64())}`
}
