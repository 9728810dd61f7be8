/** How long before its end an access token is exchanged. */
const RENEW_BEFORE_MS = 30_000

/** The `exp` that a token states, in ms. Nothing is decided by it but when to ask for another. */
const expiryOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).exp * 1000

/** FastAPI's `detail`: a text, or a list of what is wrong with fields. */
const describe = ({ detail }) =>
  Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc.at(-1)}: ${msg}`).join('; ') : String(detail)

/** What the service refused. `body` has `code`, and `error.details` with what it needs. */
export class Refused extends Error {
  constructor(status, body) {
    super(describe(body))
    this.status = status
    this.body = body
  }
}

async function read(answer) {
  const body = await answer.json()
  if (!answer.ok) throw new Refused(answer.status, body)
  return body
}

/** The resource owner password grant (RFC 6749 4.3) at `/token`, and calls with what it answered. */
export class PasswordFlow {
  #origin
  #tokens
  #renewal = null
  /** Of the exchange that has had no answer yet: its repeat, however late it comes, is the same exchange. */
  #idempotencyKey = null

  constructor(origin, tokens) {
    this.#origin = origin
    this.#tokens = tokens
  }

  static async signIn(origin, { username, password }) {
    const form = new URLSearchParams({ grant_type: 'password', username, password, scope: '' })
    // A URLSearchParams goes as application/x-www-form-urlencoded.
    const answer = await fetch(new URL('/token', origin), { method: 'POST', body: form })
    return new PasswordFlow(origin, await read(answer))
  }

  get tokenType() {
    return this.#tokens.token_type
  }

  /** Exchanges the refresh token for its one successor. Calls that come together share one exchange. */
  renew() {
    this.#renewal ??= this.#exchange().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async #exchange() {
    // Without a key a repeat counts for 10 seconds; with the same one as long as the access token of the lost answer lives.
    this.#idempotencyKey ??= crypto.randomUUID()
    const request = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': this.#idempotencyKey },
      body: JSON.stringify({ refresh_token: this.#tokens.refresh_token }),
    }
    const ask = () => fetch(new URL('/auth/token-refresh', this.#origin), request)
    this.#tokens = { ...this.#tokens, ...(await read(await ask().catch(ask))) }
    this.#idempotencyKey = null
  }

  /** A call with the access token, which is renewed before it ends, or once when the service refuses it. */
  async fetch(path, init = {}) {
    if (expiryOf(this.#tokens.access_token) - Date.now() < RENEW_BEFORE_MS) await this.renew()
    const first = await this.#send(path, init)
    if (first.status !== 401) return first
    await this.renew()
    return this.#send(path, init)
  }

  #send(path, init) {
    const headers = new Headers(init.headers)
    headers.set('Authorization', `Bearer ${this.#tokens.access_token}`)
    return fetch(new URL(path, this.#origin), { ...init, headers })
  }
}
