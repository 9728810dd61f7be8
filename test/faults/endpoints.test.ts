import { beforeAll, describe, expect, it } from 'vitest'
import { decodeRefreshToken } from '../../src/features/sessions/rules/refresh-token.ts'
import { createTestApp, json } from '../support/app.ts'
import {
  BREAKING,
  CALLS,
  type CallName,
  createWorld,
  FAILURES,
  isolateWithout,
  type Part,
  statusOf,
  type World,
  withNewUser,
} from './support.ts'

const NAMES = Object.keys(CALLS) as CallName[]
const HEALTH = ['health', 'API health', 'readiness', 'detailed health'] as const
/** They end what they are asked with: each has a user of its own. */
const ENDING: readonly CallName[] = ['refresh', 'sign-out', 'revoke', 'revoke one', 'revoke others']

/** What a service answers that has nothing out of order. */
const WHOLE: Partial<Record<CallName, number>> = {
  'sign-up': 201,
  'sign-in, wrong password': 401,
  'check, revoked': 401,
  'check, tampered': 401,
  'client token, wrong secret': 401,
  'new client': 201,
  ticket: 201,
  'ticket, machine': 201,
  socket: 101,
  'socket, machine': 101,
}

/** What is 503, in an isolate that has just begun and remembers nothing. All the rest is answered as ever. */
const UNAVAILABLE: Record<Part, readonly CallName[]> = {
  // Nobody's token can be verified without the ring of keys.
  database: NAMES.filter((name) => name !== 'discovery' && name !== 'liveness'),
  kv: HEALTH,
  user: [
    ...HEALTH,
    'sign-up',
    'sign-in',
    'refresh',
    'sign-out',
    'sessions',
    'current session',
    'use of the session',
    'revoke one',
    'revoke others',
    "a user's sessions",
    'check, strong',
    'introspect refresh',
    'revoke',
    'ticket',
    'socket',
    'ring of keys',
    'clients',
    'new client',
  ],
  // No password and no secret is looked at that was not counted.
  guard: [...HEALTH, 'sign-up', 'sign-in', 'sign-in, wrong password', 'client token, wrong secret'],
  // A user's object stands in for the feed; for a machine's token nobody does.
  feed: [...HEALTH, 'check, machine', 'check, strong machine', 'ticket, machine', 'socket, machine'],
  hub: [...HEALTH, 'ticket, machine', 'socket, machine'],
  // Objects send, from their outboxes.
  queue: [],
  mail: [],
}

const whole = createTestApp()

const expected = (part: Part): Record<string, number> =>
  Object.fromEntries(NAMES.map((name) => [name, UNAVAILABLE[part].includes(name) ? 503 : (WHOLE[name] ?? 200)]))

/** The generation of the successor: 2 when the outage has spent none. */
async function generationAfter(world: World): Promise<number | undefined> {
  const answer = await whole.fetch('/api/v1/auth/refresh', json({ refresh_token: world.refreshToken }))
  const { refresh_token: next = '' } = await answer.json<{ refresh_token?: string }>()
  return (await decodeRefreshToken((await whole.ctx()).config.rootKeys, next))?.generation
}

describe.each(FAILURES)('an outage that %s', (_, failure, options) => {
  let shared: World
  beforeAll(async () => {
    shared = await createWorld(whole)
  })

  it.each(Object.keys(BREAKING) as Part[])(
    'of %s has a stated answer at every endpoint',
    { ...options, timeout: 60_000 },
    async (part) => {
      const worlds = new Map<CallName, World>()
      await Promise.all(ENDING.map(async (name) => worlds.set(name, await withNewUser(whole, shared))))
      const ask = async (name: CallName) => {
        const app = isolateWithout(part, failure)
        return [name, await statusOf(app, worlds.get(name) ?? shared, name)] as const
      }
      // In three lots: the bound of a call is in real time, and they share one core.
      const lots = [0, 1, 2].map((lot) => NAMES.filter((_, index) => index % 3 === lot))
      const answers: (readonly [CallName, number])[] = []
      for (const lot of lots) answers.push(...(await Promise.all(lot.map(ask))))
      expect(Object.fromEntries(answers)).toEqual(expected(part))
      const asked = worlds.get('refresh')
      if (asked && UNAVAILABLE[part].includes('refresh')) expect(await generationAfter(asked)).toBe(2)
    },
  )
})
