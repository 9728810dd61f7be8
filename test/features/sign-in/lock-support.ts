import { expect, vi } from 'vitest'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import { newAddress, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'

export const app = createTestApp()

export const MAC_CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'
export const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

export interface From {
  readonly userAgent?: string
  readonly country?: string
  readonly address?: string
}

export interface Answer {
  readonly status: number
  readonly code?: string
  readonly [key: string]: unknown
}

export const answerOf = async (response: Response | Promise<Response>): Promise<Answer> => {
  const settled = await response
  return { ...(await settled.json<object>()), status: settled.status }
}

/** A sign-in with a password, answered in full. */
export async function signInFrom(
  email: string,
  { userAgent = MAC_CHROME, country = 'NL', address = newAddress() }: From,
  password = PASSWORD,
  on: TestApp = app,
): Promise<Answer> {
  const headers = { 'cf-connecting-ip': address, 'cf-ipcountry': country, 'user-agent': userAgent }
  return answerOf(on.fetch('/api/v1/auth/signin', json({ email, password }, headers)))
}

/** A user who signed in from a Mac in the Netherlands. */
export async function userWithDevice(fields: Record<string, string> = {}): Promise<SignedInUser> {
  const user = await signUpUser(app, fields)
  // Sign-up's own device is the one that the tests' requests have: no user agent, no country.
  await app.settled()
  await env.DB.prepare('delete from mails where recipient = ?').bind(user.email).run()
  await signInFrom(user.email, {})
  await app.settled()
  await env.DB.prepare('delete from mails where recipient = ?').bind(user.email).run()
  return user
}

/** Fails until the sixth attempt from an address is answered as locked. */
export async function lockOut(identifier: string, address = newAddress(), on: TestApp = app): Promise<void> {
  const guess = () =>
    on.fetch('/api/v1/auth/signin', json({ email: identifier, password: 'wrong' }, { 'cf-connecting-ip': address }))
  const statuses = (await Promise.all(Array.from({ length: 5 }, guess))).map(({ status }) => status)
  expect([...statuses, (await guess()).status]).toEqual([401, 401, 401, 401, 401, 423])
  await on.settled()
}

/** An isolate in which nobody gets mail: what counts mails is silent. */
export const appWithoutMail = (): TestApp =>
  createTestApp({
    override: (ctx) => ({
      ...ctx,
      objects: {
        user: ctx.objects.user,
        feed: ctx.objects.feed,
        hub: ctx.objects.hub,
        webhook: ctx.objects.webhook,
        guard: (subject) =>
          withMethods(ctx.objects.guard(subject), {
            use: async (input) => {
              if (input.subject.startsWith('mail:')) throw serviceUnavailable()
              return ctx.objects.guard(subject).use(input)
            },
          }),
      },
    }),
  })

export const form = (fields: Record<string, string>, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: {
    'content-type': 'application/x-www-form-urlencoded',
    origin: 'http://127.0.0.1:8787',
    'sec-fetch-site': 'same-origin',
    ...headers,
  },
  body: new URLSearchParams(fields).toString(),
})

/** The types of a user's record, once `type` is among them. */
export const recordedTypes = (userId: string, type: string): Promise<string[]> =>
  vi.waitFor(
    async () => {
      const { results } = await env.DB.prepare('select type from events where user_id = ?')
        .bind(userId)
        .all<{ type: string }>()
      const types = results.map((row) => row.type)
      expect(types).toContain(type)
      return types
    },
    { timeout: 15_000, interval: 100 },
  )
