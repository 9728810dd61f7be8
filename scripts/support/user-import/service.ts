import { Refusal } from '../refusal.ts'

/** What the service said of a row of the chunk, counted from 1. */
interface RowAnswer {
  readonly row: number
  readonly status: 'imported' | 'merged' | 'skipped' | 'rejected'
  readonly email?: string
  readonly reason?: string
  /** What the user came without, each with its field first, joined by `; `. */
  readonly warning?: string
  readonly left_behind?: readonly string[]
}

export interface ChunkAnswer {
  readonly imported: number
  readonly skipped: number
  readonly rejected: number
  /** Of the rejected: those whose hash takes too long to verify. */
  readonly too_dear?: number
  readonly merged?: number
  readonly ignored?: readonly { readonly field: string; readonly did_you_mean: string | null }[]
  readonly rows: readonly RowAnswer[]
}

/** The chunk is too large for the service: send less of it. */
export const TOO_LARGE = Symbol('too large')

export interface ImportService {
  send(lines: readonly string[]): Promise<ChunkAnswer | typeof TOO_LARGE>
}

export interface Credentials {
  readonly email?: string | undefined
  readonly password?: string | undefined
  /** An access token of an admin, instead. It lives ten minutes and cannot be renewed. */
  readonly token?: string | undefined
}

interface Tokens {
  readonly access: string
  readonly refresh: string | null
  /** On this process's own clock. */
  readonly expiresAt: number
}

const REQUEST_MS = 60_000
const RENEW_BEFORE_MS = 60_000
const MAX_PAUSE_MS = 30_000
const MAX_RETRY_AFTER_SECONDS = 300
/** Pauses of 1, 2, 4, 8, 16 and then 30 seconds: about four minutes. */
const OUTAGES = 12

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const REST_IS_KEPT = 'What was done is kept: run the command again to go on'

async function messageOf(answer: Response): Promise<string> {
  const text = await answer.text()
  try {
    const body = JSON.parse(text) as { message?: string; details?: { validation_errors?: { message: string }[] } }
    return body.details?.validation_errors?.[0]?.message ?? body.message ?? text
  } catch {
    return text.slice(0, 200)
  }
}

/** Asks until there is an answer that is no outage and no limit. */
function createAsk(url: string) {
  let hasAnswered = false
  const attempt = async (path: string, init: RequestInit): Promise<Response | string> => {
    try {
      const answer = await fetch(`${url}${path}`, { ...init, signal: AbortSignal.timeout(REQUEST_MS) })
      hasAnswered = true
      return answer.status < 500 ? answer : `it answered ${answer.status}: ${await messageOf(answer)}`
    } catch (cause) {
      const { code } = ((cause as Error).cause ?? {}) as { code?: string }
      if (!hasAnswered && (code === 'ECONNREFUSED' || code === 'ENOTFOUND'))
        throw new Refusal(`nobody listens at ${url}: start the service with \`npm start\`, or name it with --url`)
      return code ?? (cause as Error).message
    }
  }
  return async (path: string, init: RequestInit): Promise<Response> => {
    let reason = ''
    for (let outages = 0; outages < OUTAGES; ) {
      const answer = await attempt(path, init)
      if (typeof answer === 'string') {
        reason = answer
        await pause(Math.min(MAX_PAUSE_MS, 1000 * 2 ** outages++))
      } else if (answer.status === 429) {
        await answer.body?.cancel()
        const seconds = Number(answer.headers.get('retry-after')) || 1
        await pause(1000 * Math.min(seconds, MAX_RETRY_AFTER_SECONDS))
      } else return answer
    }
    throw new Refusal(`${url} cannot be reached (${reason}). ${REST_IS_KEPT}`)
  }
}

type Ask = ReturnType<typeof createAsk>

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

interface TokenAnswer {
  readonly mfa_required?: boolean
  readonly access_token?: string
  readonly refresh_token?: string
  readonly expires_in?: number
}

const toTokens = (answer: TokenAnswer): Tokens => ({
  access: answer.access_token ?? '',
  refresh: answer.refresh_token ?? null,
  expiresAt: performance.now() + 1000 * (answer.expires_in ?? 0),
})

async function signIn(ask: Ask, { email, password }: Credentials): Promise<Tokens> {
  const answer = await ask('/api/v1/auth/signin', json({ email, password }))
  if (!answer.ok) throw new Refusal(`${email} cannot sign in: ${await messageOf(answer)}`)
  const body = (await answer.json()) as TokenAnswer
  if (body.mfa_required)
    throw new Refusal(`${email} has a second factor: sign in elsewhere and put the access token into POSTERN_TOKEN`)
  return toTokens(body)
}

/** Access tokens that are good for a while. */
function createSession(ask: Ask, credentials: Credentials) {
  let tokens: Tokens | null = credentials.token
    ? { access: credentials.token, refresh: null, expiresAt: Number.POSITIVE_INFINITY }
    : null
  const refresh = async (token: string): Promise<Tokens | null> => {
    const answer = await ask('/api/v1/auth/refresh', json({ refresh_token: token }))
    return answer.ok ? toTokens((await answer.json()) as TokenAnswer) : null
  }
  return {
    async accessToken(): Promise<string> {
      if (tokens && tokens.expiresAt - RENEW_BEFORE_MS > performance.now()) return tokens.access
      tokens = (tokens?.refresh && (await refresh(tokens.refresh))) || (await signIn(ask, credentials))
      return tokens.access
    },
    /** The service refused the token: it is not used again. */
    drop(): void {
      if (credentials.token)
        throw new Refusal(`POSTERN_TOKEN is not good, or not any more. ${REST_IS_KEPT} with a new one`)
      tokens = null
    },
  }
}

/** The import endpoint of a running service, as an admin. `mode` is what its query has beside the format. */
export function createImportService(
  url: string,
  format: string,
  credentials: Credentials,
  mode: Readonly<Record<string, string>> = {},
): ImportService {
  const query = new URLSearchParams({ format, ...mode })
  const ask = createAsk(url)
  const session = createSession(ask, credentials)
  const post = async (body: string): Promise<Response> =>
    ask(`/api/v1/admin/users/import?${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await session.accessToken()}`, 'content-type': 'application/x-ndjson' },
      body,
    })
  return {
    async send(lines) {
      const body = lines.join('\n')
      let answer = await post(body)
      if (answer.status === 401) {
        session.drop()
        answer = await post(body)
      }
      if (answer.ok) return (await answer.json()) as ChunkAnswer
      if (answer.status === 413) return TOO_LARGE
      const message = await messageOf(answer)
      if (answer.status === 403) throw new Refusal(`only an admin may import users: ${message}`)
      throw new Refusal(`the service answered ${answer.status}: ${message}. ${REST_IS_KEPT}`)
    },
  }
}
