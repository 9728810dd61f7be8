import { describe, expect, it } from 'vitest'
import { makeAdmin, newAddress, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { freshCaller } from '../sessions/support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import { answerOf, app, get, post } from '../sign-in/support.ts'

const NEW = 'Another-good-passw0rd'

interface Form {
  readonly method: string
  readonly path: (userId: string) => string
  readonly names: readonly [string, string]
  readonly invalid: 400 | 422
}

const JANUA = ['current_password', 'new_password'] as const
const forms: readonly Form[] = [
  { method: 'POST', path: (id) => `/api/v1/users/${id}/change-password`, names: JANUA, invalid: 422 },
  { method: 'POST', path: () => '/api/v1/auth/password/change', names: JANUA, invalid: 422 },
  { method: 'PUT', path: () => '/api/v1/auth/password/change', names: JANUA, invalid: 422 },
  {
    method: 'PUT',
    path: () => '/api/v1/auth/change-password',
    names: ['currentPassword', 'newPassword'],
    invalid: 400,
  },
]

const send = (form: Form, account: Pick<SignedInUser, 'user' | 'headers'>, body: unknown, address = newAddress()) =>
  app.fetch(form.path(account.user.id), {
    method: form.method,
    headers: { ...account.headers, 'content-type': 'application/json', 'cf-connecting-ip': address },
    body: JSON.stringify(body),
  })

const signIn = (email: string, password: string) => post('signin', { email, password })

describe.each(forms.map((form) => [`${form.method} ${form.path(':id')}`, form] as const))('%s', (_name, form) => {
  const bodyOf = (current: unknown, next: unknown) => ({ [form.names[0]]: current, [form.names[1]]: next })

  it('changes the password, ends the other sessions, and notifies the user', async () => {
    const account = await signUpUser(app)
    const other = await signInUser(app, account)
    expect(await answerOf(send(form, account, bodyOf(account.password, NEW)))).toEqual([
      200,
      { success: true, message: 'Password changed successfully', data: null, propagated: true },
    ])
    expect((await get('me', other.headers)).status).toBe(401)
    expect((await post('refresh', { refresh_token: other.refreshToken })).status).toBe(401)
    expect((await get('me', account.headers)).status).toBe(200)
    expect((await post('refresh', { refresh_token: account.refreshToken })).status).toBe(200)
    expect((await signIn(account.email, account.password)).status).toBe(401)
    expect((await signIn(account.email, NEW)).status).toBe(200)
    await mailedToken(app, account.email, '/report-activity')
  })

  it('is 400, never 401, for a wrong current password, and counts it as a failed sign-in', async () => {
    const account = await signUpUser(app)
    const address = newAddress()
    for (let count = 0; count < 5; count += 1)
      expect(await answerOf(send(form, account, bodyOf('wrong password', NEW), address))).toMatchObject([
        400,
        { code: 'INVALID_PASSWORD' },
      ])
    expect(await answerOf(send(form, account, bodyOf(account.password, NEW), address))).toMatchObject([
      423,
      { code: 'ACCOUNT_LOCKED' },
    ])
  })

  it('counts right passwords back', async () => {
    const account = await signUpUser(app)
    const address = newAddress()
    for (let count = 0; count < 7; count += 1)
      expect((await send(form, account, bodyOf(account.password, 'password123'), address)).status).toBe(400)
    expect((await send(form, account, bodyOf(account.password, NEW), address)).status).toBe(200)
  })

  it('is 400 for a weak new password', async () => {
    const account = await signUpUser(app)
    for (const weak of ['password123', account.email])
      expect(await answerOf(send(form, account, bodyOf(account.password, weak)))).toMatchObject([
        400,
        { code: 'WEAK_PASSWORD' },
      ])
  })

  it(`is ${form.invalid} for missing and malformed fields`, async () => {
    const account = await signUpUser(app)
    const bodies = [
      {},
      bodyOf(undefined, NEW),
      bodyOf('x', undefined),
      bodyOf('x', 'short'),
      bodyOf(1, {}),
      bodyOf('', ''),
    ]
    for (const body of bodies)
      expect(await answerOf(send(form, account, body))).toMatchObject([form.invalid, { code: 'VALIDATION_ERROR' }])
  })

  it('is 401 without a session, with a bad one, and with one that has ended', async () => {
    const account = await signUpUser(app)
    const body = bodyOf(account.password, NEW)
    expect((await send(form, { ...account, headers: {} as never }, body)).status).toBe(401)
    expect((await send(form, { ...account, headers: { authorization: 'Bearer x' } }, body)).status).toBe(401)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: account.headers })
    expect((await send(form, account, body)).status).toBe(401)
    expect((await signIn(account.email, account.password)).status).toBe(200)
  })

  it('lets one of three changes at once win', async () => {
    const account = await signUpUser(app)
    const all = await Promise.all(
      ['First-good-passw0rd', 'Second-good-passw0rd', 'Third-good-passw0rd'].map((next) =>
        send(form, account, bodyOf(account.password, next)),
      ),
    )
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400])
  })
})

const [ofUser] = forms
if (!ofUser) throw new Error('no form')

describe('POST /api/v1/users/:id/change-password', () => {
  const body = (account: SignedInUser) => ({ current_password: account.password, new_password: NEW })

  it("is 403 for another's, an admin too, and 400 for a malformed id", async () => {
    const [account, other, admin] = [await signUpUser(app), await signUpUser(app), await makeAdmin(app)]
    for (const { headers } of [other, admin])
      expect((await send(ofUser, { user: account.user, headers }, body(account))).status).toBe(403)
    const nobody = { ...account.user, id: 'me' }
    expect((await send(ofUser, { user: nobody, headers: account.headers }, body(account))).status).toBe(400)
    expect((await signIn(account.email, account.password)).status).toBe(200)
  })

  it('is 400 for an account without a password', async () => {
    const { user, tokens } = await freshCaller(app)
    const headers = { authorization: `Bearer ${tokens.accessToken}` }
    const answer = app.fetch(`/api/v1/users/${user.id}/change-password`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ current_password: 'x', new_password: NEW }),
    })
    expect(await answerOf(answer)).toMatchObject([400, { code: 'INVALID_PASSWORD' }])
  })
})

describe('a report that a change was not the user', () => {
  it('ends every session, voids the password and gives a way to choose another', async () => {
    const account = await signUpUser(app)
    await send(ofUser, account, { current_password: account.password, new_password: NEW })
    const token = await mailedToken(app, account.email, '/report-activity')
    const form = {
      method: 'POST',
      headers: { origin: 'http://127.0.0.1:8787', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token }).toString(),
    }
    const page = await app.fetch('/report-activity', form)
    expect(page.status).toBe(200)
    const [, reset = ''] = /name="token" value="([^"]+)"/.exec(await page.text()) ?? []
    expect((await get('me', account.headers)).status).toBe(401)
    expect((await signIn(account.email, NEW)).status).toBe(401)
    expect((await app.fetch('/report-activity', form)).status).toBe(400)
    expect((await post('reset-password', { token: reset, new_password: 'A-third-passw0rd' })).status).toBe(200)
    expect((await signIn(account.email, 'A-third-passw0rd')).status).toBe(200)
  })
})
