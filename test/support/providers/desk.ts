import { base64url } from 'jose'
import { utf8 } from '../../../src/lib/encoding.ts'
import type { Changes } from './people.ts'
import {
  type Grant,
  html,
  type Provider,
  type Refusal,
  randomToken,
  type TokenRequest,
  type World,
} from './provider.ts'

/** Where the browser goes from the provider: by GET, or by POST when there is a form. */
export interface Return {
  readonly callback: URL
  readonly form?: URLSearchParams
}

export interface DeskCall {
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: string
  readonly signal: AbortSignal | null | undefined
}

/** One provider with what it remembers. */
export function openDesk<Person>(
  world: World,
  provider: Provider<Person>,
  newPerson: () => Person,
  isRegistered: (redirectUri: string) => boolean,
) {
  let chosen = newPerson()
  const codes = new Map<string, Grant<Person>>()
  const used = new Set<string>()
  const accessTokens = new Map<string, Grant<Person>>()
  /** Answers that a redirect leads to, each once. */
  const moved = new Map<string, Response>()

  const endpointOf = (url: URL): string | undefined => {
    const address = url.origin + url.pathname
    if (moved.has(url.href)) return 'moved'
    return Object.entries(provider.endpoints).find(([, patterns]) => patterns.some((one) => one.test(address)))?.[0]
  }

  function refuseAuthorization(url: URL): string | undefined {
    const request = url.searchParams
    const twice = [...request.keys()].find((key) => request.getAll(key).length > 1)
    if (twice !== undefined) return `invalid_request: ${twice} is given twice`
    if (request.get('client_id') !== provider.clientId) return 'invalid_client: unknown client_id'
    if (!isRegistered(request.get('redirect_uri') ?? '')) {
      return `redirect_uri_mismatch: ${request.get('redirect_uri')} is not registered`
    }
    if (request.get('response_type') !== 'code') return 'unsupported_response_type: code is missing'
    if (provider.requiresPkce && !request.has('code_challenge')) return 'invalid_request: code_challenge is missing'
    // S256 alone: some providers take `plain` too, which nobody here may use.
    if (request.has('code_challenge') && request.get('code_challenge_method') !== 'S256') {
      return 'invalid_request: code_challenge_method is not S256'
    }
    const challenge = request.get('code_challenge')
    if (challenge !== null && !/^[\w-]{43}$/.test(challenge)) return 'invalid_request: code_challenge is malformed'
    return provider.refuseAuthorization?.(request, url, chosen)
  }

  async function authorize(url: URL): Promise<Return | { readonly page: string }> {
    const page = refuseAuthorization(url)
    if (page !== undefined) return { page }
    const request = url.searchParams
    const parameters = new URLSearchParams()
    const state = request.get('state')
    if (state !== null) parameters.set('state', state)
    if (world.fault() === 'access_denied') {
      for (const [key, value] of Object.entries(provider.deniedError)) parameters.set(key, value)
    } else {
      const code = randomToken()
      codes.set(code, {
        person: chosen,
        clientId: provider.clientId,
        redirectUri: request.get('redirect_uri') ?? '',
        scopes: (request.get('scope') ?? '').split(' ').filter((scope) => scope !== ''),
        challenge: request.get('code_challenge') ?? undefined,
        nonce: request.get('nonce') ?? undefined,
        accessToken: randomToken('at_'),
      })
      const extra = provider.callbackParameters?.(request, chosen) ?? {}
      parameters.set('code', code)
      for (const [key, value] of Object.entries(extra)) parameters.set(key, value)
    }
    const issuer = world.fault() === 'iss_other' ? 'https://attacker.example.test' : provider.callbackIssuer
    if (issuer !== undefined && world.fault() !== 'iss_missing') parameters.set('iss', issuer)
    const callback = new URL(request.get('redirect_uri') ?? '')
    if (request.get('response_mode') === 'form_post') return { callback, form: parameters }
    for (const [key, value] of parameters) callback.searchParams.append(key, value)
    return { callback }
  }

  async function findRefusal({ headers, form }: TokenRequest): Promise<Refusal | undefined> {
    const isForm = headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')
    if (!isForm) return 'not_a_form'
    if (!(await provider.authenticates({ headers, form }))) return 'client'
    if (form.get('grant_type') !== 'authorization_code') return 'grant_type'
    const code = form.get('code') ?? ''
    if (used.has(code)) return 'code_used'
    const grant = codes.get(code)
    if (!grant) return 'code_unknown'
    if (form.get('redirect_uri') !== grant.redirectUri) return 'redirect_uri'
    if (grant.challenge === undefined) return undefined
    const verifier = form.get('code_verifier')
    if (verifier === null) return 'verifier_missing'
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(verifier)))
    return base64url.encode(digest) === grant.challenge ? undefined : 'verifier_wrong'
  }

  async function exchange({ headers, body, url, signal }: DeskCall): Promise<Response> {
    const fault = world.fault()
    if (fault === 'token_500') return new Response('Internal Server Error', { status: 500 })
    if (fault === 'token_html') return html('Sorry')
    if (fault === 'token_hang') return never(signal)
    const request = { headers, form: new URLSearchParams(body) }
    const refusal = await findRefusal(request)
    if (refusal !== undefined) return provider.refuse(refusal, request)
    const code = request.form.get('code') ?? ''
    const grant = codes.get(code)
    // Another request used it up while this one was looked at.
    if (!grant || used.has(code)) return provider.refuse('code_used', request)
    used.add(code)
    accessTokens.set(grant.accessToken, grant)
    const answer = await provider.tokens(grant, request)
    if (fault === 'token_huge') return padded(answer)
    if (fault !== 'token_redirect') return answer
    const location = new URL(`moved?answer=${moved.size}`, url)
    moved.set(location.href, answer)
    // Relative: it holds under either form of the address.
    return new Response(null, {
      status: 302,
      headers: { location: location.pathname.split('/').at(-1) + location.search },
    })
  }

  async function answer(endpoint: string, call: DeskCall): Promise<Response> {
    const fault = world.fault()
    if (endpoint === 'moved') return moved.get(call.url.href)?.clone() ?? html('Not Found', 404)
    if (endpoint === 'token') {
      return call.method === 'POST' ? exchange(call) : html('Method Not Allowed', 405)
    }
    if (call.method !== 'GET') return html('Method Not Allowed', 405)
    if (endpoint === 'authorize') return page(await authorize(call.url))
    if (endpoint === 'userinfo' || endpoint === 'emails') {
      if (fault === 'userinfo_500') return new Response('Internal Server Error', { status: 500 })
      if (fault === 'userinfo_html') return html('Sorry')
      if (fault === 'userinfo_hang') return never(call.signal)
    }
    const token = /^(?:Bearer|token) (\S+)$/i.exec(call.headers.get('authorization') ?? '')?.[1]
    return (await provider.answers[endpoint]?.(call, accessTokens.get(token ?? ''))) ?? html('Not Found', 404)
  }

  return {
    endpointOf,
    authorize,
    answer,
    choose: (person: Changes<Person>): Person => {
      chosen = { ...newPerson(), ...person } as Person
      return chosen
    },
  }
}

const never = (signal: AbortSignal | null | undefined): Promise<Response> =>
  new Promise((_resolve, reject) => {
    if (signal?.aborted) reject(signal.reason)
    signal?.addEventListener('abort', () => reject(signal.reason))
  })

/** The same answer, with 2 MiB more in it. */
async function padded(answer: Response): Promise<Response> {
  const padding = 'x'.repeat(2 * 1024 * 1024)
  const text = await answer.text()
  const body = text.startsWith('{') ? `{"padding":"${padding}",${text.slice(1)}` : `padding=${padding}&${text}`
  return new Response(body, answer)
}

/** What a browser is shown at the authorization endpoint. */
function page(decision: Return | { readonly page: string }): Response {
  if ('page' in decision) return html(decision.page, 400)
  const { callback, form } = decision
  if (!form) return new Response(null, { status: 302, headers: { location: callback.href } })
  const escaped = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
  const fields = [...form].map(
    ([key, value]) => `<input type="hidden" name="${escaped(key)}" value="${escaped(value)}">`,
  )
  return new Response(
    `<!doctype html><title>Sign in</title><body onload="document.forms[0].submit()"><form method="post" action="${escaped(callback.href)}">${fields.join('')}<button>Continue</button></form>`,
    { headers: { 'content-type': 'text/html; charset=utf-8' } },
  )
}
