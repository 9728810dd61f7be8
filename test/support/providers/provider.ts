import { base64url } from 'jose'
import type { Fault } from './faults.ts'

/** What is the same for all providers of one stand-in. */
export interface World {
  readonly now: () => number
  readonly fault: () => Fault | null
}

/** A person who agreed, for a client. */
export interface Grant<Person = unknown> {
  readonly person: Person
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly challenge: string | undefined
  readonly nonce: string | undefined
  readonly accessToken: string
}

/** Why a token request is refused, for each provider to say in its own words. */
export type Refusal =
  | 'not_a_form'
  | 'grant_type'
  | 'client'
  | 'code_unknown'
  | 'code_used'
  | 'redirect_uri'
  | 'verifier_missing'
  | 'verifier_wrong'

export interface TokenRequest {
  readonly headers: Headers
  readonly form: URLSearchParams
}

export interface Provider<Person> {
  readonly clientId: string
  /** Where the browser is sent: `authorize`. Everything else but `token` is answered by `answers`. */
  readonly endpoints: Readonly<Record<string, readonly RegExp[]>>
  /** What it says in `iss` of its callbacks (RFC 9207), where it does. */
  readonly callbackIssuer?: string
  readonly requiresPkce: boolean
  readonly deniedError: Readonly<Record<string, string>>
  /** A wrong authorization request: shown to the person on a page, never sent back. */
  readonly refuseAuthorization?: (request: URLSearchParams, url: URL, person: Person) => string | undefined
  readonly callbackParameters?: (request: URLSearchParams, person: Person) => Readonly<Record<string, string>>
  readonly authenticates: (request: TokenRequest) => boolean | Promise<boolean>
  readonly refuse: (refusal: Refusal, request: TokenRequest) => Response
  readonly tokens: (grant: Grant<Person>, request: TokenRequest) => Response | Promise<Response>
  readonly answers: Readonly<Record<string, Answer<Person>>>
}

/** `grant` is that of the bearer token, if it is a good one. */
export type Answer<Person> = (
  call: { readonly url: URL; readonly headers: Headers },
  grant: Grant<Person> | undefined,
) => Response | Promise<Response>

/** Client id and secret of the Authorization header (RFC 6749 2.3.1). */
export function readBasic(headers: Headers): readonly [id: string, secret: string] | undefined {
  const encoded = /^Basic (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1]
  if (encoded === undefined) return undefined
  const decode = (part: string) => decodeURIComponent(part.replaceAll('+', ' '))
  try {
    const text = atob(encoded)
    const colon = text.indexOf(':')
    return colon === -1 ? undefined : [decode(text.slice(0, colon)), decode(text.slice(colon + 1))]
  } catch {
    return undefined
  }
}

type Client = { readonly id: string; readonly secret: string }

export const authenticatesByBasic = ({ headers }: TokenRequest, { id, secret }: Client): boolean => {
  const [basicId, basicSecret] = readBasic(headers) ?? []
  return basicId === id && basicSecret === secret
}

export const authenticatesByForm = ({ headers, form }: TokenRequest, { id, secret }: Client): boolean =>
  !headers.has('authorization') && form.get('client_id') === id && form.get('client_secret') === secret

/** Either, never both in one request (RFC 6749 2.3). */
export const authenticatesByEither = (request: TokenRequest, client: Client): boolean =>
  authenticatesByForm(request, client) || (authenticatesByBasic(request, client) && !request.form.has('client_secret'))

/** The answer of a token endpoint, which nobody may store (RFC 6749 5.1). */
export const tokenJson = (body: Readonly<Record<string, unknown>>, status = 200, headers = {}): Response =>
  Response.json(body, { status, headers: { 'cache-control': 'no-store', pragma: 'no-cache', ...headers } })

export const html = (text: string, status = 200): Response =>
  new Response(`<!doctype html><title>${text}</title><p>${text}</p>`, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
  })

export const randomToken = (prefix = ''): string =>
  prefix + base64url.encode(crypto.getRandomValues(new Uint8Array(30)))
