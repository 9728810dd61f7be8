import { runInDurableObject } from 'cloudflare:test'
import { createHmac } from 'node:crypto'
import { beforeEach } from 'vitest'
import type { UserActor } from '../../../../src/context.ts'
import type { UserAuthority } from '../../../../src/durable/user-authority/user-authority.ts'
import { SEAL_PURPOSE } from '../../../../src/features/factors/totp/service/codes.ts'
import { stepUpOwnSession } from '../../../../src/features/sessions/service/opening.ts'
import { findUser } from '../../../../src/features/users/service/users.ts'
import { sealText } from '../../../../src/lib/root-keys.ts'
import { MINUTE } from '../../../../src/lib/time.ts'
import { createTestApp, env, json, type TestApp } from '../../../support/app.ts'
import { claimsOf } from '../../../support/tokens.ts'
import { newAddress, type SignedInUser, signUpUser } from '../../../support/users.ts'

export const STEP = 30_000

/** Of everybody who is enrolled quickly. */
export const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** RFC 6238 with SHA-1, 6 digits and 30 s, after the text of RFC 4226 5.3: not the library that the service uses. */
export function totpAt(secret: string, time: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(time / STEP)))
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const offset = (mac[19] ?? 0) & 0xf
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** Whatever the secret, a code that is not of the three steps around `time`. */
export function wrongCode(secret: string, time: number): string {
  const right = [-STEP, 0, STEP].map((by) => totpAt(secret, time + by))
  return ['000000', '111111', '222222', '333333'].find((code) => !right.includes(code)) ?? ''
}

export interface ClockedApp extends TestApp {
  /** Stands still until a test moves it: a code does not change under it. */
  readonly clock: { now: number }
}

export function createClockedApp(): ClockedApp {
  const clock = { now: Date.now() }
  return { ...createTestApp({ override: (ctx) => ({ ...ctx, now: () => clock.now }) }), clock }
}

/** For all tests of a file: the clock stands still in each, and starts at that of the objects, which nobody moves. */
export function createClockedSuite(): ClockedApp {
  const app = createClockedApp()
  beforeEach(() => {
    app.clock.now = Date.now()
  })
  return app
}

export interface Enrolled extends SignedInUser {
  readonly secret: string
  readonly backupCodes: readonly string[]
}

/** A new user with TOTP and backup codes, through the API. */
export async function enrolUser(app: ClockedApp): Promise<Enrolled> {
  const user = await signUpUser(app)
  const started = await app.fetch('/api/v1/mfa/totp/generate', json({}, user.headers))
  if (!started.ok) throw new Error(await started.text())
  const { secret, backup_codes } = await started.json<{ secret: string; backup_codes: string[] }>()
  const code = totpAt(secret, app.clock.now - STEP)
  const confirmed = await app.fetch('/api/v1/mfa/totp/verify', json({ code }, user.headers))
  if (!confirmed.ok) throw new Error(await confirmed.text())
  return { ...user, secret, backupCodes: backup_codes }
}

/** As `enrolUser`, without backup codes and without the time that ten hashes take. */
export async function enrolQuickly(app: ClockedApp, account?: SignedInUser): Promise<Enrolled> {
  const user = account ?? (await signUpUser(app))
  const { config } = await app.ctx()
  const sealed = await sealText(config.rootKeys, SEAL_PURPOSE, user.user.id, SECRET)
  await env.DB.batch([
    env.DB.prepare(
      'insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, ?, ?, ?)',
    ).bind(user.user.id, sealed, app.clock.now, app.clock.now),
    env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(user.user.id),
  ])
  return { ...user, secret: SECRET, backupCodes: [] }
}

/** The user with a new token of the session, as a refresh answers it. */
export async function refreshUser<U extends SignedInUser>(app: TestApp, user: U): Promise<U> {
  const answer = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))
  if (!answer.ok) throw new Error(await answer.text())
  const { access_token, refresh_token } = await answer.json<{ access_token: string; refresh_token: string }>()
  const headers = { authorization: `Bearer ${access_token}` }
  return { ...user, accessToken: access_token, refreshToken: refresh_token, headers }
}

/** As a step-up by a code leaves the session, and no code is used up. */
export async function proveSecondFactor<U extends SignedInUser>(app: TestApp, user: U): Promise<U> {
  const ctx = await app.ctx()
  const row = await findUser(ctx, user.user.id)
  if (!row) throw new Error('no such user')
  const { sid: sessionId } = claimsOf(user.accessToken)
  const actor = { id: row.id, sessionId } as UserActor
  await stepUpOwnSession({ ...ctx, actor }, { user: row, amr: ['otp', 'mfa'] })
  return refreshUser(app, user)
}

export interface ChallengeBody {
  readonly mfa_token: string
  readonly challenge_id: string
  readonly available_methods: string[]
}

/** The first step of a sign-in: a challenge. */
export async function startSignIn(app: TestApp, user: SignedInUser, address = newAddress()): Promise<ChallengeBody> {
  const { email, password } = user
  const answer = await app.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': address }))
  if (!answer.ok) throw new Error(await answer.text())
  return answer.json()
}

export const answerChallenge = (app: TestApp, mfa_token: string, code: string, address = newAddress()) =>
  app.fetch('/api/v1/mfa/challenge/verify', json({ mfa_token, code }, { 'cf-connecting-ip': address }))

/** A token of the same session that was authenticated `ms` ago. */
export async function ageSession<U extends SignedInUser>(app: ClockedApp, user: U, ms = 11 * MINUTE): Promise<U> {
  const namespace = env.USER_AUTHORITY as unknown as DurableObjectNamespace<UserAuthority>
  await runInDurableObject(namespace.getByName(user.user.id), (_, state) => {
    const then = app.clock.now - ms
    state.storage.sql.exec('update sessions set auth_time = ?', then)
    state.storage.sql.exec('update sessions set second_factor_at = ? where second_factor_at is not null', then)
  })
  return refreshUser(app, user)
}

export async function outcomeOf(answer: Promise<Response> | Response): Promise<[number, string | undefined]> {
  const response = await answer
  return [response.status, (await response.json<{ code?: string }>()).code]
}

export const statusesOf = async (answers: readonly Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status).sort()

/** The live sessions of a user, as their object has them. */
export const sessionsOf = async (app: TestApp, userId: string) =>
  (await app.ctx()).objects.user(userId).listSessions({ userId, withEnded: false })

export const rowsOf = async (table: 'totp_factors' | 'backup_codes', userId: string) =>
  (await env.DB.prepare(`select * from ${table} where user_id = ?`).bind(userId).all()).results
