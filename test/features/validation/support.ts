import type { Ctx } from '../../../src/context.ts'
import type {
  CheckInput,
  CheckResult,
  FeedPage,
  RevocationFeedRpc,
  UserAuthorityRpc,
} from '../../../src/durable/rpc.ts'
import { loadSigningKey, mintClientToken, mintUserToken } from '../../../src/features/keys/service/tokens.ts'
import type { ClientClaims, UserClaims } from '../../../src/features/keys/types.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { toSeconds } from '../../../src/lib/time.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'

type Mode = 'answers' | 'fails' | 'hangs'

/** A separate world: a clock, a feed, and users' objects with the test's answers. Its isolates share all of it. */
export interface World {
  now: number
  feedMode: Mode
  objectMode: Mode
  /** The answers of users' objects, by session id. */
  readonly sessions: Map<string, CheckResult>
  /** Calls of the feed, as `pull:<after>` and `recent`. */
  readonly pulls: string[]
  readonly asked: CheckInput[]
  /** Changes the feed's answer. */
  alter: (page: FeedPage) => FeedPage
  readonly feed: RevocationFeedRpc
  isolate(variables?: Readonly<Record<string, unknown>>, more?: (ctx: Ctx) => Ctx): TestApp
}

const byMode = async <T>(mode: Mode, answer: () => Promise<T>): Promise<T> => {
  if (mode === 'fails') throw new Error('unreachable')
  return mode === 'hangs' ? new Promise<never>(() => undefined) : answer()
}

export function createWorld(): World {
  // Its own feed and its own URL, because the URL is part of the shared answer's cache key.
  const publicUrl = `http://${newUuid()}.test`
  const real = env.REVOCATION_FEED.getByName(`test-${newUuid()}`) as unknown as RevocationFeedRpc
  const feed: RevocationFeedRpc = {
    append: (entries) => real.append(entries),
    pull: (after) => {
      world.pulls.push(`pull:${after}`)
      return byMode(world.feedMode, async () => world.alter(await real.pull(after)))
    },
    pullRecent: (ms) => {
      world.pulls.push('recent')
      return byMode(world.feedMode, async () => world.alter(await real.pullRecent(ms)))
    },
    ping: () => real.ping(),
  }
  const check = (input: CheckInput): Promise<CheckResult> => {
    world.asked.push(input)
    return byMode(world.objectMode, async () => world.sessions.get(input.sessionId) ?? { live: true })
  }
  const world: World = {
    now: Date.now(),
    feedMode: 'answers',
    objectMode: 'answers',
    sessions: new Map(),
    pulls: [],
    asked: [],
    alter: (page) => page,
    feed,
    isolate: (variables = {}, more = (ctx) => ctx) =>
      createTestApp({
        env: { PUBLIC_URL: publicUrl, ...variables },
        cache: caches.default,
        override: (ctx) =>
          more({
            ...ctx,
            now: () => world.now,
            objects: {
              ...ctx.objects,
              feed: () => feed,
              user: (userId) => ({ ...ctx.objects.user(userId), check }) as UserAuthorityRpc,
            },
          }),
      }),
  }
  return world
}

/** Claims of a new user. */
export async function userClaims(app: TestApp, given: Partial<UserClaims> = {}): Promise<UserClaims> {
  const ctx = await app.ctx()
  const iat = toSeconds(ctx.now())
  return {
    iss: ctx.config.PUBLIC_URL,
    aud: ctx.config.AUDIENCE,
    client_id: 'postern',
    sub: newUuid(),
    sid: newUuid(),
    jti: newUuid(),
    iat,
    exp: iat + ctx.config.ACCESS_TOKEN_SECONDS,
    ver: 1,
    type: 'access',
    email: 'ada@example.com',
    username: 'ada',
    number: 4711,
    role: 'user',
    roles: ['user'],
    org_id: null,
    org_role: null,
    org_roles: [],
    org_ver: null,
    permissions: [],
    amr: ['pwd'],
    acr: 'aal1',
    auth_time: iat,
    ...given,
  }
}

export interface MintedUser {
  readonly token: string
  readonly claims: UserClaims
}

/** A token as a sign-in issues it. */
export async function mintUser(app: TestApp, given: Partial<UserClaims> = {}): Promise<MintedUser> {
  const claims = await userClaims(app, given)
  return { claims, token: await mintUserToken(await loadSigningKey(await app.ctx()), claims) }
}

export async function mintMachine(app: TestApp, clientId: string, scope: string) {
  const ctx = await app.ctx()
  const iat = toSeconds(ctx.now())
  const claims: ClientClaims = {
    iss: ctx.config.PUBLIC_URL,
    aud: ctx.config.AUDIENCE,
    client_id: clientId,
    sub: clientId,
    jti: newUuid(),
    iat,
    exp: iat + ctx.config.ACCESS_TOKEN_SECONDS,
    type: 'access',
    scope,
  }
  return { claims, token: await mintClientToken(await loadSigningKey(ctx), claims) }
}

/** `GET /validate` as nginx sends it. */
export const ask = (app: TestApp, token: string, query = ''): Promise<Response> =>
  app.fetch(`/validate${query}`, { headers: { authorization: `Bearer ${token}` } })
