import { describe, expect, it } from 'vitest'
import { issueOneTimeToken } from '../../../src/features/links/service.ts'
import { decodeRefreshToken } from '../../../src/features/sessions/rules/refresh-token.ts'
import { issueResetToken } from '../../../src/features/sign-in/service/reset-token.ts'
import { HOUR } from '../../../src/lib/time.ts'
import { as, BREAKING, type Call, FAILURES, fails, isolateWithout, type Part } from '../../faults/support.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
import {
  answerIn,
  answersWithout,
  BOUND_MS,
  expectedStatuses,
  expectHappened,
  isLive,
  isRegistered,
  newPerson,
  type Person,
  statusesOf,
} from '../support/outages.ts'

const BASE = '/api/v1/auth'
const NEW_PASSWORD = 'newSecurePassword123'

/** Whose links were mailed. */
interface Linked extends Person {
  readonly resetToken: string
  readonly verificationToken: string
}

interface People {
  readonly kept: Linked
  /** Who logs out. */
  readonly leaving: Person
  /** Who refreshes. */
  readonly renewed: Person
  /** Who changes the password. */
  readonly careful: Person
  /** Who has forgotten the password. */
  readonly forgetful: Linked
  readonly newcomer: string
}

const post = (path: string, body: unknown, headers: Record<string, string> = {}): Call => [
  `${BASE}${path}`,
  json(body, headers),
]
const login = ({ user }: Pick<Person, 'user'>, password: string): Call =>
  post('/login', { username: user.email, password })

const CALLS = {
  registration: ({ newcomer }) => post('/register', { email: newcomer, password: PASSWORD }),
  login: ({ kept }) => login(kept, PASSWORD),
  'login, wrong password': ({ kept }) => login(kept, 'wrong password'),
  refresh: ({ renewed }) => post('/refresh', { refreshToken: renewed.refreshToken }),
  validation: ({ kept }) => post('/validate', { token: kept.accessToken }),
  'validation at the root': ({ kept }) => ['/validate', json({ token: kept.accessToken })],
  logout: ({ leaving }) => post('/logout', {}, leaving.headers),
  'request of a reset': ({ kept }) => post('/password-reset', { email: kept.user.email }),
  'request of a reset by nobody': () => post('/password-reset', { email: newEmail() }),
  reset: ({ forgetful }) => post('/password-reset/confirm', { token: forgetful.resetToken, newPassword: NEW_PASSWORD }),
  'reset, bad token': () => post('/password-reset/confirm', { token: 'abc123xyz789', newPassword: NEW_PASSWORD }),
  'change of password': ({ careful }) => [
    `${BASE}/change-password`,
    { ...json({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD }, careful.headers), method: 'PUT' },
  ],
  profile: ({ kept }) => [`${BASE}/profile`, as(kept.headers)],
  verification: ({ kept }) => [`${BASE}/verify-email/${kept.verificationToken}`],
  health: () => [`${BASE}/health`],
} as const satisfies Record<string, (people: People) => Call>

type CallName = keyof typeof CALLS

const NAMES = Object.keys(CALLS) as CallName[]
const WHOLE: Partial<Record<CallName, number>> = {
  registration: 201,
  'login, wrong password': 401,
  'request of a reset by nobody': 404,
  'reset, bad token': 400,
}

/** What is 503 in an isolate that remembers nothing; all the rest is answered as ever. */
const UNAVAILABLE: Record<Part, readonly CallName[]> = {
  database: NAMES,
  kv: ['health'],
  // A reset and a verification are the database's: sessions that a reset ends are refused by the row.
  user: ['registration', 'login', 'refresh', 'logout', 'change of password', 'health'],
  guard: ['registration', 'login', 'login, wrong password', 'change of password', 'health'],
  feed: ['health'],
  hub: ['health'],
  queue: [],
  mail: [],
}

const whole = createTestApp()

async function createLinked(): Promise<Linked> {
  const person = await newPerson(whole)
  const { id: userId, email } = person.user
  const ctx = await whole.ctx()
  const link = { purpose: 'email_verification', userId, email, lifetimeMs: HOUR } as const
  const [resetToken, { token }] = await Promise.all([issueResetToken(ctx, person.user), issueOneTimeToken(ctx, link)])
  return { ...person, resetToken, verificationToken: token }
}

async function createPeople(): Promise<People> {
  const [kept, forgetful] = await Promise.all([createLinked(), createLinked()])
  const [leaving, renewed, careful] = await Promise.all([newPerson(whole), newPerson(whole), newPerson(whole)])
  return { kept, forgetful, leaving, renewed, careful, newcomer: newEmail() }
}

const callsOf = (people: People): Record<string, Call> =>
  Object.fromEntries(NAMES.map((name) => [name, CALLS[name](people)]))

const isVerified = async ({ user }: Person): Promise<boolean> =>
  (await env.DB.prepare('select email_verified_at from users where id = ?')
    .bind(user.id)
    .first('email_verified_at')) !== null

const hasNewPassword = async ({ user }: Person): Promise<boolean> =>
  (await env.DB.prepare('select password_hash from users where id = ?').bind(user.id).first('password_hash')) !==
  user.passwordHash

const signsIn = async (person: Person, password: string): Promise<boolean> =>
  (await answerIn(whole, login(person, password))).status === 200

/** The generation of the refresh token's successor: 2 when the outage has spent none. */
async function generationAfter({ refreshToken }: Person): Promise<number | undefined> {
  const { body } = await answerIn(whole, post('/refresh', { refreshToken }))
  return (await decodeRefreshToken((await whole.ctx()).config.rootKeys, String(body.refreshToken)))?.generation
}

describe.each(FAILURES)('a part that %s', (_, failure, options) => {
  it.each(Object.keys(BREAKING) as Part[])(
    '(%s) has a stated answer at every call, and what is refused has not happened',
    { ...options, timeout: BOUND_MS },
    async (part) => {
      const people = await createPeople()
      const answers = await answersWithout(part, failure, callsOf(people))
      expect(statusesOf(answers)).toEqual(expectedStatuses(NAMES, { unavailable: UNAVAILABLE[part], whole: WHOLE }))
      for (const [name, { status, body }] of Object.entries(answers))
        if (status === 503)
          expect([name, body]).toMatchObject([
            name,
            name === 'health'
              ? { success: false, message: expect.any(String), data: { service: 'auth-service' } }
              : { timestamp: expect.any(String), status: 503, message: expect.any(String) },
          ])
      const { kept, leaving, renewed, careful, forgetful } = people
      expectHappened(answers, {
        logout: !(await isLive(whole, leaving.headers)),
        verification: await isVerified(kept),
        reset: await hasNewPassword(forgetful),
        'change of password': await hasNewPassword(careful),
      })
      if (answers.refresh?.status === 503) expect(await generationAfter(renewed)).toBe(2)
    },
  )
})

describe('an outage', () => {
  it('of the database leaves links good', async () => {
    const { verificationToken, resetToken, ...person } = await createLinked()
    const without = isolateWithout('database', fails)
    const verify: Call = [`${BASE}/verify-email/${verificationToken}`]
    const reset = post('/password-reset/confirm', { token: resetToken, newPassword: NEW_PASSWORD })
    for (const call of [verify, reset]) expect((await answerIn(without, call)).status).toBe(503)
    for (const call of [verify, reset]) expect((await answerIn(whole, call)).status).toBe(200)
    expect(await signsIn(person, NEW_PASSWORD)).toBe(true)
  })

  it('of the user’s object: a reset answers `propagated: false`, and the row refuses the ended sessions', async () => {
    const { resetToken, headers, refreshToken } = await createLinked()
    const reset = post('/password-reset/confirm', { token: resetToken, newPassword: NEW_PASSWORD })
    expect(await answerIn(isolateWithout('user', fails), reset)).toMatchObject({
      status: 200,
      body: { success: true, message: 'Password reset successfully', propagated: false },
    })
    expect((await answerIn(whole, post('/refresh', { refreshToken }))).status).toBe(401)
    expect(await isLive(whole, headers)).toBe(false)
  })

  it('of the user’s object makes an account that signs in when it is over', async () => {
    const email = newEmail()
    const body = { email, password: PASSWORD }
    expect((await answerIn(isolateWithout('user', fails), post('/register', body))).status).toBe(503)
    expect(await isRegistered(email)).toBe(true)
    expect((await answerIn(whole, post('/login', { username: email, password: PASSWORD }))).status).toBe(200)
  })

  it('of the guard makes no account', async () => {
    const email = newEmail()
    const body = { email, password: PASSWORD }
    expect((await answerIn(isolateWithout('guard', fails), post('/register', body))).status).toBe(503)
    expect(await isRegistered(email)).toBe(false)
  })

  it('of the queue of mails keeps the mail that resets a password', async () => {
    const { email } = (await newPerson(whole)).user
    const without = isolateWithout('mail', fails)
    expect((await answerIn(without, post('/password-reset', { email }))).status).toBe(200)
    await without.settled()
    expect(await acceptedMails(email, 'password_reset')).toHaveLength(1)
  })
})
