import { follow } from './events.mjs'

/** How long before its end an access token is exchanged. */
const RENEW_BEFORE_MS = 30_000

/** What the service refused. `code` is one of docs/errors.md. */
export class Refused extends Error {
  constructor(status, { code, message }) {
    super(message)
    this.status = status
    this.code = code
  }
}

/**
 * One user's session by the native API. For browsers and Node. It has no copy of the tokens: they are read from `store`
 * each time, so that tabs with one store know each other's exchanges. `store.tokens` is null while nobody is signed in.
 */
export class Client {
  #origin
  #store
  #renewal = null

  constructor(origin, store = { tokens: null }) {
    this.#origin = origin
    this.#store = store
  }

  /** Answers the user; `email_verification_required` instead where the address is to be verified before the first sign-in. */
  signUp(email, password) {
    return this.#enter('/api/v1/auth/signup', { email, password })
  }

  /** Answers the user; `mfa_required` and an `mfa_token` for `answerChallenge` instead when there is a second factor. */
  signIn(email, password) {
    return this.#enter('/api/v1/auth/signin', { email, password })
  }

  answerChallenge(mfaToken, code) {
    return this.#enter('/api/v1/mfa/challenge/verify', { mfa_token: mfaToken, code })
  }

  async signOut() {
    await this.fetch('/api/v1/auth/signout', { method: 'POST' })
    this.#store.tokens = null
  }

  /** A call with the access token, which is renewed before it ends, or once when the service refuses it. */
  async fetch(path, init = {}) {
    const send = (token) => {
      const headers = new Headers(init.headers)
      headers.set('Authorization', `Bearer ${token}`)
      return fetch(new URL(path, this.#origin), { ...init, headers })
    }
    const token = await this.#tokenOf(null)
    const first = await send(token)
    return first.status === 401 ? send(await this.#tokenOf(token)) : first
  }

  /** Every event of the user, from the cursor `after` or from now on, until `stop` or the end of the session. */
  follow(handlers) {
    return follow(this.#origin, (refusedToken) => this.#tokenOf(refusedToken), handlers)
  }

  /** Exchanges the refresh token for its one successor. Calls that come together share one exchange. */
  renew() {
    this.#renewal ??= this.#exchange().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  /** A token that lives for a while, and is another than the one that was refused. */
  async #tokenOf(refusedToken) {
    const { access_token: token, expires_at: end } = this.#tokens()
    if (token === refusedToken || end - Date.now() < RENEW_BEFORE_MS) await this.renew()
    return this.#tokens().access_token
  }

  #tokens() {
    const { tokens } = this.#store
    if (tokens === null) throw new Refused(401, { code: 'UNAUTHORIZED', message: 'Nobody is signed in' })
    return tokens
  }

  async #exchange() {
    // The key is stored before it is sent: a repeat under it, however late, is the same exchange and no theft.
    const { retry_key: key = crypto.randomUUID(), ...tokens } = this.#tokens()
    this.#store.tokens = { ...tokens, retry_key: key }
    const body = { refresh_token: tokens.refresh_token }
    const ask = () => this.#post('/api/v1/auth/refresh', body, { 'Idempotency-Key': key })
    try {
      this.#keep(await ask().catch((failure) => (failure instanceof Refused ? Promise.reject(failure) : ask())))
    } catch (failure) {
      if (failure.status === 401) this.#store.tokens = null
      throw failure
    }
  }

  async #enter(path, body) {
    const answer = await this.#post(path, body)
    if (!answer.access_token) return answer
    this.#keep(answer)
    return answer.user
  }

  #keep({ access_token, refresh_token, expires_in }) {
    this.#store.tokens = { access_token, refresh_token, expires_at: Date.now() + expires_in * 1000 }
  }

  async #post(path, body, headers = {}) {
    const answer = await fetch(new URL(path, this.#origin), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
    const content = await answer.json()
    if (!answer.ok) throw new Refused(answer.status, content)
    return content
  }
}
