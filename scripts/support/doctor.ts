import { setTimeout as sleep } from 'node:timers/promises'

/** An admin, as whom the checks sign in. */
export interface Login {
  readonly email: string
  readonly password: string
}

/** What one check found. */
interface Finding {
  readonly state: 'ok' | 'FAIL' | 'skip'
  readonly text: string
}

const ok = (text: string): Finding => ({ state: 'ok', text })
const fail = (text: string): Finding => ({ state: 'FAIL', text })
const skip = (text: string): Finding => ({ state: 'skip', text })

const TIMEOUT_MS = 15_000
const CLOCK_BOUND_MS = 5000
/** What the service promises. */
const REVOCATION_BOUND_MS = 5000
const MAIL_BOUND_MS = 20_000

interface Answer {
  readonly status: number
  readonly body: Record<string, unknown>
}

async function ask(url: string, path: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) })
  const text = await answer.text()
  let body: Record<string, unknown> = {}
  try {
    body = JSON.parse(text)
  } catch {
    // A page of something else that listens there: its status tells enough.
  }
  return { status: answer.status, body }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

const post = (url: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(url, path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

async function checkReachable(url: string): Promise<Finding> {
  const began = performance.now()
  const { status, body } = await ask(url, '/liveness')
  if (status !== 200 || body.status !== 'alive')
    return fail(`${url}/liveness answers ${status}, and not as Postern does`)
  return ok(`${url} in ${Math.round(performance.now() - began)} ms`)
}

async function checkSettings(url: string): Promise<Finding> {
  const { status, body } = await ask(url, '/ready')
  if (body.code === 'CONFIGURATION_ERROR')
    return fail('a setting is missing or wrong: the log line `configuration_error` (`npx wrangler tail`) names it')
  const unusable = Array.isArray(body.unusable) ? body.unusable : []
  if (status !== 200) return fail(`not ready, not usable: ${unusable.join(', ')}`)
  const { body: discovery } = await ask(url, '/.well-known/openid-configuration')
  if (discovery.issuer !== url) return fail(`PUBLIC_URL is ${discovery.issuer}: links and tokens name that, not ${url}`)
  return unusable.length === 0 ? ok('complete') : fail(`not usable for want of settings: ${unusable.join(', ')}`)
}

async function checkKeys(url: string): Promise<Finding> {
  const { status, body } = await ask(url, '/.well-known/jwks.json')
  const keys = Array.isArray(body.keys) ? body.keys : []
  return status === 200 && keys.length > 0
    ? ok(`${keys.length} published: ${keys.map(({ alg }) => alg).join(', ')}`)
    : fail(`/.well-known/jwks.json answers ${status} with ${keys.length} keys`)
}

async function checkClock(url: string): Promise<Finding> {
  const began = Date.now()
  const { body } = await ask(url, '/api/v1/health/live')
  const theirs = Date.parse(String(body.timestamp))
  if (Number.isNaN(theirs)) return fail('/api/v1/health/live says no time')
  const apart = Math.max(0, began - theirs, theirs - Date.now())
  return apart <= CLOCK_BOUND_MS
    ? ok(`within ${apart} ms of the one of this machine`)
    : fail(`${Math.round(apart / 1000)} s apart from the one of this machine: one of them is wrong`)
}

interface Session {
  readonly token: string
  readonly email: string
}

/** Why it cannot, as a text, also of a user who is no admin. */
async function signInAdmin(url: string, login: Login): Promise<Session | string> {
  const session = await signIn(url, login)
  if (typeof session === 'string') return session
  const { status } = await ask(url, '/api/v1/admin/keys', { headers: bearer(session.token) })
  return status === 403 ? `${login.email} is no admin of ${url}: name one in ADMIN_EMAIL` : session
}

async function signIn(url: string, login: Login): Promise<Session | string> {
  const { status, body } = await post(url, '/api/v1/auth/signin', login)
  if (body.mfa_required === true) return `${login.email} has a second factor: name an admin without one`
  return typeof body.access_token === 'string'
    ? { token: body.access_token, email: login.email }
    : `signing in as ${login.email} answers ${status} ${body.code ?? ''}`
}

/** Ends a session of its own, and asks until a gateway's check refuses it. */
async function checkRevocation(url: string, login: Login): Promise<Finding> {
  const session = await signIn(url, login)
  if (typeof session === 'string') return fail(session)
  const headers = bearer(session.token)
  if ((await ask(url, '/validate', { headers })).status !== 200) return fail('/validate refuses a new session')
  const { body } = await post(url, '/api/v1/auth/signout', {}, headers)
  if (body.propagated !== true) return fail('the end of a session was not propagated: the feed does not answer')
  const began = performance.now()
  while (performance.now() - began < 2 * REVOCATION_BOUND_MS) {
    const asked = performance.now() - began
    if ((await ask(url, '/validate', { headers })).status === 401)
      return asked <= REVOCATION_BOUND_MS
        ? ok(`refused after ${Math.round(asked)} ms, as seen from here`)
        : fail(`refused after ${Math.round(asked)} ms; promised are ${REVOCATION_BOUND_MS}`)
    await sleep(50)
  }
  return fail(`not refused within ${(2 * REVOCATION_BOUND_MS) / 1000} s`)
}

interface RootKey {
  readonly state: 'current' | 'previous' | 'unknown'
  readonly signing_keys: number
  readonly totp_secrets: number
  readonly mails: number
  readonly webhooks: number
  readonly connections: number
}

const sealedUnder = ({ signing_keys, totp_secrets, webhooks, connections, mails }: RootKey): string =>
  `${signing_keys} signing keys, ${totp_secrets} TOTP secrets, ${webhooks} webhooks, ${connections} connections of single sign-on and ${mails} waiting mails`

/** Whether ROOT_SECRET_PREVIOUS is still needed. */
async function checkRootSecret(url: string, { token }: Session): Promise<Finding> {
  const { status, body } = await ask(url, '/api/v1/admin/config', { headers: bearer(token) })
  if (!Array.isArray(body.root_keys)) return fail(`/api/v1/admin/config answers ${status}`)
  const keys = (body.root_keys as RootKey[]).filter(
    ({ signing_keys, totp_secrets, webhooks, mails }) => signing_keys + totp_secrets + webhooks + mails > 0,
  )
  const lost = keys.find(({ state }) => state === 'unknown')
  if (lost) return fail(`neither ROOT_SECRET nor ROOT_SECRET_PREVIOUS opens ${sealedUnder(lost)}`)
  const previous = keys.find(({ state }) => state === 'previous')
  return previous
    ? ok(`keep ROOT_SECRET_PREVIOUS: it still seals ${sealedUnder(previous)}`)
    : ok('everything is sealed under ROOT_SECRET')
}

interface Mail {
  readonly id: string
  readonly to: string
  readonly kind: string
  readonly status: string
  readonly last_error: string | null
}

const STATUSES = ['sent', 'dead', 'queued'] as const

/** The admin's mails that reset a password, the settled ones first. */
async function listResets(url: string, { token, email }: Session): Promise<Mail[]> {
  const pages = STATUSES.map((status) =>
    ask(url, `/api/v1/admin/mails?status=${status}&limit=100`, { headers: bearer(token) }),
  )
  const mails = (await Promise.all(pages)).flatMap(({ body }) =>
    Array.isArray(body.mails) ? (body.mails as Mail[]) : [],
  )
  return mails.filter(({ to, kind }) => to === email && kind === 'password_reset')
}

/** Mails the admin a link that resets their password (it does nothing unless it is opened), and waits until it has left. */
async function checkMail(url: string, session: Session): Promise<Finding> {
  const known = new Set((await listResets(url, session)).map(({ id }) => id))
  const { status, body } = await post(url, '/api/v1/auth/forgot-password', { email: session.email })
  if (status !== 200)
    return fail(`a mail is answered ${status} ${body.code ?? ''}: see MAIL_TRANSPORT and what it needs`)
  const began = performance.now()
  let isQueued = false
  while (performance.now() - began < MAIL_BOUND_MS) {
    const mail = (await listResets(url, session)).find(({ id }) => !known.has(id))
    if (mail?.status === 'sent') return ok(`sent to ${session.email}`)
    if (mail?.last_error) return fail(`could not be sent: ${mail.last_error} (docs/operations.md, dead mails)`)
    isQueued = mail !== undefined
    await sleep(500)
  }
  return fail(isQueued ? 'waits in its queue' : 'was not queued: too many links for this address within an hour')
}

async function tryCheck(url: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check()
  } catch (cause) {
    const { message, cause: inner } = cause as Error & { cause?: { code?: string; message?: string } }
    return fail(`${url} does not answer: ${inner?.code ?? inner?.message ?? message}`)
  }
}

/** Checks a running deployment, and says a line for each check. Returns whether all is well; what was not checked is no fault. */
export async function diagnose(url: string, login: Login | null): Promise<boolean> {
  const findings: Finding[] = []
  const say = (name: string, finding: Finding) => {
    console.log(`${finding.state.padEnd(4)}  ${name.padEnd(10)}  ${finding.text}`)
    findings.push(finding)
  }
  say('reachable', await tryCheck(url, () => checkReachable(url)))
  if (findings[0]?.state !== 'ok') return false
  say('settings', await tryCheck(url, () => checkSettings(url)))
  say('keys', await tryCheck(url, () => checkKeys(url)))
  say('clock', await tryCheck(url, () => checkClock(url)))
  if (!login) {
    for (const name of ['revocation', 'root key', 'mail'])
      say(name, skip('needs ADMIN_EMAIL and ADMIN_PASSWORD in the environment'))
  } else {
    say('revocation', await tryCheck(url, () => checkRevocation(url, login)))
    const asAdmin = (check: (url: string, session: Session) => Promise<Finding>): Promise<Finding> =>
      tryCheck(url, async () => {
        const session = await signInAdmin(url, login)
        return typeof session === 'string' ? fail(session) : check(url, session)
      })
    say('root key', await asAdmin(checkRootSecret))
    say('mail', await asAdmin(checkMail))
  }
  return findings.every(({ state }) => state !== 'FAIL')
}
