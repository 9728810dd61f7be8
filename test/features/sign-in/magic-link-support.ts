import { expect } from 'vitest'
import { env, json, type TestApp } from '../../support/app.ts'
import { newAddress, signUpUser } from '../../support/users.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app } from './support.ts'

export const PAGE = '/magic-link'
export const BROWSER = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' }

export const send = async (email: string, body: Record<string, unknown> = {}, on: TestApp = app) =>
  answerOf(on.fetch('/api/v1/auth/magic/send', json({ email, ...body }, { 'cf-connecting-ip': newAddress() })))

/** The same for every address, but for the secret that is each asker's own. */
export function withoutBinding([status, { binding, ...body }]: [number, Record<string, unknown>]) {
  expect(binding).toMatch(/^pmb_[\w-]{43}$/)
  return [status, body]
}

export const linkFor = async (email: string, body: Record<string, unknown> = {}, count = 1): Promise<string> => {
  expect((await send(email, body))[0]).toBe(200)
  return mailedToken(app, email, PAGE, count)
}

export const open = (
  token: string,
  headers: Record<string, string> = {},
  path = '/api/v1/auth/magic/verify',
  method = 'GET',
) => app.fetch(`${path}?${new URLSearchParams({ token })}`, { method, headers })

export const submit = (token: string, headers: Record<string, string> = { origin: 'http://127.0.0.1:8787' }) =>
  app.fetch(PAGE, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ token }).toString(),
  })

export const setUser = (userId: string, set: string) =>
  env.DB.prepare(`update users set ${set} where id = ?`).bind(userId).run()

/** A user who has proven the address. */
export async function verifiedUser() {
  const account = await signUpUser(app)
  await setUser(account.user.id, 'email_verified_at = 1')
  return account
}
