import { describe, expect, it } from 'vitest'
import { as, BREAKING, type Call, FAILURES, fails, isolateWithout, type Part } from '../../faults/support.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { newAddress, newEmail, PASSWORD } from '../../support/users.ts'
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

interface People {
  readonly user: Person
  readonly admin: Person
  readonly leavingUser: Person
  readonly leavingAdmin: Person
  /** Whom the admin deletes. */
  readonly doomed: Person
  /** The address that is registered. */
  readonly newcomer: string
}

const login = (username: string, password: string): Call => [
  '/auth/login',
  { method: 'POST', body: new URLSearchParams({ username, password }) },
]

const CALLS = {
  welcome: () => ['/'],
  health: () => ['/health'],
  readiness: () => ['/readiness'],
  liveness: () => ['/liveness'],
  login: ({ user }) => login(user.user.email, PASSWORD),
  'login, wrong password': ({ user }) => login(user.user.email, 'wrong password'),
  registration: ({ newcomer }) => [
    '/users/register',
    json({ email: newcomer, full_name: 'Jane Doe', password: PASSWORD }),
  ],
  profile: ({ user }) => ['/users/profile', as(user.headers)],
  logout: ({ leavingUser }) => ['/users/logout', as(leavingUser.headers, 'POST')],
  users: ({ admin }) => ['/admins/users?limit=1', as(admin.headers)],
  deletion: ({ admin, doomed }) => [`/admins/users/${doomed.user.id}`, as(admin.headers, 'DELETE')],
  'profile of an admin': ({ admin }) => ['/admins/profile', as(admin.headers)],
  'logout of an admin': ({ leavingAdmin }) => ['/admins/logout', as(leavingAdmin.headers, 'POST')],
} as const satisfies Record<string, (people: People) => Call>

type CallName = keyof typeof CALLS

const NAMES = Object.keys(CALLS) as CallName[]
const WHOLE: Partial<Record<CallName, number>> = { registration: 201, 'login, wrong password': 401 }
const PROBES: readonly CallName[] = ['health', 'readiness']

/** What is 503 in an isolate that remembers nothing; all the rest is answered as ever. */
const UNAVAILABLE: Record<Part, readonly CallName[]> = {
  database: NAMES.filter((name) => name !== 'welcome' && name !== 'liveness'),
  kv: PROBES,
  // Who ends sessions, and every admin, is asked for by `strong`. Registration opens no session.
  user: [...PROBES, 'login', 'logout', 'users', 'deletion', 'profile of an admin', 'logout of an admin'],
  guard: [...PROBES, 'login', 'login, wrong password', 'registration'],
  feed: PROBES,
  hub: PROBES,
  queue: [],
  mail: [],
}

const whole = createTestApp()

async function createPeople(): Promise<People> {
  const [user, leavingUser, doomed, admin, leavingAdmin] = await Promise.all([
    newPerson(whole),
    newPerson(whole),
    newPerson(whole),
    newPerson(whole, 'admin'),
    newPerson(whole, 'admin'),
  ])
  return { user, admin, leavingUser, leavingAdmin, doomed, newcomer: newEmail() }
}

const callsOf = (people: People): Record<string, Call> =>
  Object.fromEntries(NAMES.map((name) => [name, CALLS[name](people)]))

const statusOfUser = (userId: string): Promise<string | null> =>
  env.DB.prepare('select status from users where id = ?').bind(userId).first('status')

describe.each(FAILURES)('a part that %s', (_, failure, options) => {
  it.each(Object.keys(BREAKING) as Part[])(
    '(%s) has a stated answer at every call, and what is refused has not happened',
    { ...options, timeout: BOUND_MS },
    async (part) => {
      const people = await createPeople()
      const answers = await answersWithout(part, failure, callsOf(people))
      expect(statusesOf(answers)).toEqual(expectedStatuses(NAMES, { unavailable: UNAVAILABLE[part], whole: WHOLE }))
      for (const [name, { status, body }] of Object.entries(answers))
        if (status === 503 && name !== 'health' && name !== 'readiness')
          expect([name, body]).toMatchObject([name, { detail: expect.any(String), code: 'SERVICE_UNAVAILABLE' }])
      const { leavingUser, leavingAdmin, doomed, newcomer } = people
      expectHappened(answers, {
        registration: await isRegistered(newcomer),
        deletion: (await statusOfUser(doomed.user.id)) === 'deleted' && !(await isLive(whole, doomed.headers)),
        logout: !(await isLive(whole, leavingUser.headers)),
        'logout of an admin': !(await isLive(whole, leavingAdmin.headers)),
      })
    },
  )

  it('(any store) makes probes say so in the documented words', async () => {
    const calls = { health: ['/health'], readiness: ['/readiness'], liveness: ['/liveness'] } as const
    expect(await answersWithout('kv', failure, calls)).toMatchObject({
      health: { status: 503, body: { status: 'unhealthy' } },
      readiness: { status: 503, body: { status: 'unavailable' } },
      liveness: { status: 200, body: { status: 'alive' } },
    })
  })
})

describe('an outage', () => {
  it('of the user’s object counts no right password as a failure', async () => {
    const { user } = await newPerson(whole)
    const without = isolateWithout('user', fails)
    const [path, init] = login(user.email, PASSWORD)
    const headers = { 'cf-connecting-ip': newAddress() }
    for (let time = 0; time < 6; time += 1) expect((await without.fetch(path, { ...init, headers })).status).toBe(503)
    expect((await whole.fetch(path, { ...init, headers })).status).toBe(200)
  })

  it('of the queue of mails keeps the mail to a new user', async () => {
    const email = newEmail()
    const without = isolateWithout('mail', fails)
    const body = { email, full_name: 'Jane Doe', password: PASSWORD }
    expect((await answerIn(without, ['/users/register', json(body)])).status).toBe(201)
    await without.settled()
    expect(await acceptedMails(email, 'email_verification')).toHaveLength(1)
  })
})
