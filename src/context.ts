import { sha256 } from '@noble/hashes/sha2.js'
import type { Config, Env } from './config.ts'
import type { Db } from './db/client.ts'
import { openSession } from './db/session.ts'
import type {
  Caller,
  EventHubRpc,
  RevocationFeedRpc,
  SignInGuardRpc,
  UserAuthorityRpc,
  WebhookEndpointRpc,
} from './durable/rpc.ts'
import { utf8 } from './lib/encoding.ts'
import { serviceUnavailable } from './lib/errors.ts'
import type { EventActor } from './lib/event.ts'
import { newUuid } from './lib/ids.ts'
import { Isolate } from './lib/isolate.ts'
import { late } from './lib/late.ts'
import { createLog, type Log } from './lib/log.ts'
import { CURRENT_COST, type HashCost } from './lib/password-hash/stored-hash.ts'
import type { Rank } from './lib/roles.ts'
import { delay, within } from './lib/time.ts'

export interface Objects {
  user(userId: string): UserAuthorityRpc
  /** The guard that holds `subject`: one of 256, by hash. */
  guard(subject: string): SignInGuardRpc
  feed(): RevocationFeedRpc
  hub(topic: string): EventHubRpc
  webhook(endpointId: string): WebhookEndpointRpc
}

export interface Queues {
  /** Events that objects recorded, on their way to D1. */
  objectEvents: Queue<unknown>
  /** Ids of mails that are to be sent. */
  mail: Queue<unknown>
}

/** The browser that a page signs in: its sign-ins open the session of its cookie, not one of tokens. */
export interface SignInBrowser {
  /** How long the session lives unused at most. */
  readonly idleSeconds: number
  /** Whether the person said so: then a session that the browser has lives on like that too. */
  readonly isIdleAsked: boolean
  /** Whom it has signed in already. */
  readonly current: {
    readonly userId: string
    readonly sessionId: string
    readonly isOfProvider: boolean
    /** By the cookie before the present one. */
    readonly isBefore: boolean
  } | null
}

/** What a request may touch. First parameter of every use case, named `ctx`, never kept. */
export interface Ctx {
  readonly config: Config
  /** Only for modules that are loaded with it: what a check of a token needs asks `openDatabase`. */
  readonly db: Db
  /** The session of D1 under `db`; the first call opens it. */
  openDatabase(): D1Database
  readonly kv: KVNamespace
  readonly assets: Fetcher
  /** The platform's limiter for strangers, where one is bound. */
  readonly rateLimiter: RateLimit | null
  /** The platform's way to send mail, where one is bound. */
  readonly sendEmail: SendEmail | null
  readonly objects: Objects
  readonly queues: Queues
  readonly isolate: Isolate
  /** Epoch milliseconds. */
  now(): number
  newId(): string
  random(length: number): Uint8Array<ArrayBuffer>
  /** Waits for as many milliseconds, so that an answer's time tells nothing. */
  pause(ms: number): Promise<void>
  /** Of new password hashes. Not a setting: a deployment could get it wrong. */
  readonly hashCost: HashCost
  /** For fixed providers only, never for an address that somebody else chose. */
  fetch: typeof fetch
  readonly log: Log
  readonly requestId: string
  readonly ip: string
  readonly country: string | null
  readonly userAgent: string | null
  /** The request's `Accept-Language`. A function: most requests never ask for it. */
  acceptLanguage(): string | null
  /** Only of pages. */
  readonly browser?: SignInBrowser
  /** The languages that the request's address asks for: `ui_locales`, or `lang`. */
  uiLocales(): string | null
  /** Work that may be lost: its failure is logged, its result is nobody's. */
  defer(work: Promise<unknown>): void
}

/** Of what is loaded when an isolate starts: there `db` is not ready yet. */
export type EarlyCtx = Omit<Ctx, 'db'>

/** A user who is signed in, as the verified access token says. */
export interface UserActor {
  readonly type: 'user'
  readonly id: string
  readonly sessionId: string
  readonly number: number
  readonly email: string
  readonly username: string | null
  readonly role: string
  readonly roles: readonly string[]
  readonly organizationId: string | null
  readonly organizationRole: string | null
  readonly amr: readonly string[]
  readonly acr: string
  /** Epoch seconds. */
  readonly authTime: number
  readonly claimsVersion: number
  readonly expiresAt: number
}

/** A machine with a client credentials token. */
export interface ClientActor {
  readonly type: 'client'
  readonly id: string
  readonly scopes: readonly string[]
  readonly expiresAt: number
}

/** The directory of an organization, with a token of its own. */
export interface DirectoryActor {
  readonly type: 'directory'
  /** Of the token. */
  readonly id: string
  readonly organizationId: string
  readonly organizationName: string
  readonly slug: string
}

export interface DirectoryCtx extends Ctx {
  readonly actor: DirectoryActor
}

export interface ActorCtx extends Ctx {
  readonly actor: UserActor
}

/** An admin, confirmed. What is any user's is asked with this. */
export interface AdminCtx extends ActorCtx {
  readonly isAdmin: true
}

export interface PrincipalCtx extends Ctx {
  readonly actor: UserActor | ClientActor
}

/** Anybody; the actor is who is known to ask. */
export interface CallerCtx extends Ctx {
  readonly actor: UserActor | null
}

/** The user whom a path names: the caller, or anybody where the caller is an admin. */
export interface TargetCtx extends ActorCtx {
  readonly target: { readonly ref: string | number; readonly isSelf: boolean }
}

/** The caller's place in an organization, as it was read. Statements that change something of it ask for it again. */
export interface Place {
  readonly organizationId: string
  readonly slug: string
  readonly name: string
  /** What the caller may do: an admin of the platform has every rank. */
  readonly rank: Rank
  /** The caller's role as a member; null for an admin of the platform who is none. */
  readonly role: Rank | null
  readonly isPlatformAdmin: boolean
}

/** A caller who has a rank in the organization of the path. */
export interface PlaceCtx extends ActorCtx {
  readonly place: Place
}

/** The context with other fields. Its getters are copied, not read: reading `db` opens a session with the database. */
export const narrow = <C extends Ctx, F extends object>(ctx: C, fields: F): Omit<C, keyof F> & F =>
  Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(ctx), ...Object.getOwnPropertyDescriptors(fields) },
  ) as Omit<C, keyof F> & F

/** Who asks, as events name them. */
export const actorOf = ({ actor }: ActorCtx): EventActor => ({ type: actor.type, id: actor.id })

/** A directory is the client that has its token. */
export const directoryActorOf = ({ actor }: DirectoryCtx): EventActor => ({ type: 'client', id: actor.id })

/** Who asks, as objects keep it with what they did. */
export const callerOf = ({ ip, country, userAgent }: Ctx): Caller => ({ ip, country, userAgent })

/** Which of 256 guards: the first byte of SHA-256. Another would be another object, and its locks forgotten. */
export const guardNameOf = (subject: string): string => String(sha256(utf8(subject))[0])

/** An object that has not answered by then is given up: the caller gets SERVICE_UNAVAILABLE. */
const OBJECT_BOUND_MS = 5000

/** A stub whose calls are bounded in time. Refusals are values, so whatever it throws is an outage or a bug. */
function boundStub<T extends object>(stub: object): T {
  return new Proxy(stub, {
    get(target, method) {
      // A stub is no promise, and an async function that returns one must not take it for one.
      if (method === 'then') return undefined
      return async (...args: unknown[]) => {
        try {
          const call = Reflect.get(target, method) as (...args: unknown[]) => Promise<unknown>
          // Not `call.apply`: a stub's method takes any property of it for a remote one.
          return await within(OBJECT_BOUND_MS, Reflect.apply(call, target, args))
        } catch (cause) {
          throw serviceUnavailable({}, { cause })
        }
      }
    },
  }) as T
}

/** The only place that makes stubs. A deployment's jurisdiction is fixed: the same name elsewhere is another object. */
export function createObjects(env: Env, config: Pick<Config, 'JURISDICTION'>): Objects {
  const inside = (namespace: DurableObjectNamespace) =>
    config.JURISDICTION ? namespace.jurisdiction(config.JURISDICTION) : namespace
  const stub = <T extends object>(namespace: DurableObjectNamespace, name: string): T =>
    boundStub<T>(inside(namespace).getByName(name))
  return {
    user: (userId) => stub(env.USER_AUTHORITY, userId),
    feed: () => stub(env.REVOCATION_FEED, 'feed'),
    hub: (topic) => stub(env.EVENT_HUB, topic),
    webhook: (endpointId) => stub(env.WEBHOOK_ENDPOINT, endpointId),
    guard: (subject) => stub(env.SIGN_IN_GUARD, guardNameOf(subject)),
  }
}

export interface ContextSource {
  readonly env: Env
  readonly config: Config
  readonly isolate: Isolate
  readonly requestId?: string
  readonly ip?: string
  readonly country?: string | null
  readonly userAgent?: string | null
  acceptLanguage?(): string | null
  uiLocales?(): string | null
  waitUntil(work: Promise<unknown>): void
}

/** One isolate's memory in production; tests make their own. */
export const sharedIsolate = new Isolate()

export const systemClock = (): number => Date.now()

const client = late(() => import('./db/client.ts'))

export const loadDb = async (): Promise<void> => void (await client.load())

/**
 * The same context with `db`, which opens the session at its first use. A getter in the literal of `createContext` would make
 * every context ten times as slow to create, and a check of a token never asks for `db`.
 */
export function addDb(ctx: EarlyCtx): Ctx {
  if ('db' in ctx) return ctx as Ctx
  let db: Db | null = null
  const get = () => {
    db ??= client.get().onSession(ctx.openDatabase())
    return db
  }
  return Object.defineProperty(ctx, 'db', { get, enumerable: true, configurable: true }) as Ctx
}

/** The same context once `db` is ready. */
export async function withDb(ctx: EarlyCtx): Promise<Ctx> {
  await loadDb()
  return addDb(ctx)
}

export function createContext(source: ContextSource): EarlyCtx {
  const { env, config } = source
  const requestId = source.requestId ?? newUuid()
  const log = createLog({ request_id: requestId })
  let session: D1Database | null = null
  return {
    config,
    // A check of a token asks for no row, and a session with the database costs as much as the check.
    openDatabase: () => {
      session ??= openSession(env.DB)
      return session
    },
    kv: env.KV,
    assets: env.ASSETS,
    rateLimiter: env.RATE_LIMITER ?? null,
    sendEmail: env.SEND_EMAIL ?? null,
    objects: createObjects(env, config),
    queues: { objectEvents: env.OBJECT_EVENTS, mail: env.MAIL },
    isolate: source.isolate,
    now: systemClock,
    newId: newUuid,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    pause: delay,
    hashCost: CURRENT_COST,
    fetch: (input, init) => fetch(input, init),
    log,
    requestId,
    ip: source.ip ?? '0.0.0.0',
    country: source.country ?? null,
    userAgent: source.userAgent ?? null,
    acceptLanguage: () => source.acceptLanguage?.() ?? null,
    uiLocales: () => source.uiLocales?.() ?? null,
    defer: (work) => source.waitUntil(work.catch((cause: unknown) => log.error('deferred_work_failed', cause))),
  }
}
