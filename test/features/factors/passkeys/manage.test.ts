import { describe, expect, it, vi } from 'vitest'
import { createTestApp } from '../../../support/app.ts'
import { recordedOf } from '../../../support/events.ts'
import { readMailbox } from '../../../support/mail.ts'
import { signInUser, signUpUser } from '../../../support/users.ts'
import { addPasskey, answerOf, app, codeOf, freshPasskey, post, send } from './support.ts'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'

describe('the list', () => {
  it("has the caller's own, with and without a slash", async () => {
    const { user, passkeyId } = await freshPasskey()
    const second = await addPasskey(user)
    for (const path of ['', '/']) {
      const list = await answerOf<{ id: string }[]>(await send('GET', path, user.headers))
      expect(list.map(({ id }) => id).toSorted()).toEqual([passkeyId, second.passkeyId].toSorted())
    }
    const stranger = await signUpUser(app)
    expect(await answerOf(await send('GET', '', stranger.headers))).toEqual([])
  })

  it('shows neither key nor credential', async () => {
    const { user, authenticator } = await freshPasskey()
    const text = await (await send('GET', '', user.headers)).text()
    expect(text).not.toContain(authenticator.id)
    expect(text).not.toContain('public_key')
  })
})

describe('a name', () => {
  it('is changed, with an event that has both', async () => {
    const { user, passkeyId } = await freshPasskey()
    const renamed = await send('PATCH', `/${passkeyId}`, user.headers, { name: ' <b>Grün</b> ' })
    expect(await answerOf(renamed)).toMatchObject({ id: passkeyId, name: '<b>Grün</b>' })
    expect(await recordedOf(user.user.id, 'passkey.renamed')).toMatchObject([
      { subject: passkeyId, data: { before: { name: null }, after: { name: '<b>Grün</b>' } } },
    ])
    expect(await answerOf(await send('PATCH', `/${passkeyId}/`, user.headers, { name: null }))).toMatchObject({
      name: null,
    })
    for (const body of [{}, { name: 7 }, { name: 'x'.repeat(101) }])
      expect((await send('PATCH', `/${passkeyId}`, user.headers, body)).status).toBe(422)
  })
})

describe('a removal', () => {
  it('takes the passkey alone, with an event and a mail', async () => {
    const { user, passkeyId } = await freshPasskey()
    const other = await signInUser(app, user)
    const answer = await send('DELETE', `/${passkeyId}`, user.headers)
    expect(await answerOf(answer)).toEqual({ message: 'Passkey removed' })
    expect(await answerOf(await send('GET', '', other.headers))).toEqual([])
    expect(await recordedOf(user.user.id, 'passkey.removed')).toMatchObject([
      { subject: passkeyId, actor_type: 'user', data: { before: { id: passkeyId, name: null } } },
    ])
    await vi.waitFor(async () => {
      const mails = await readMailbox(app, user.email)
      expect(mails.filter(({ subject }) => subject.includes('removed'))).toHaveLength(1)
    }, 10_000)
  })

  it('happens once, of two at once', async () => {
    const { user, passkeyId } = await freshPasskey()
    const answers = await Promise.all([1, 2].map(() => send('DELETE', `/${passkeyId}`, user.headers)))
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 404])
    expect(await recordedOf(user.user.id, 'passkey.removed')).toHaveLength(1)
  })

  it('wants a fresh factor: a stolen old token with no password removes nothing', async () => {
    const clock = { now: Date.now() }
    const later = createTestApp({
      env: { ACCESS_TOKEN_SECONDS: '3600' },
      override: (ctx) => ({ ...ctx, now: () => clock.now }),
    })
    const { user, passkeyId } = await freshPasskey({}, later)
    clock.now += 601_000
    const remove = (path: string, body?: unknown) =>
      later.fetch(`/api/v1/passkeys/${path}`, {
        method: 'DELETE',
        headers: { 'content-type': 'application/json', ...user.headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    expect(await codeOf(await remove(passkeyId))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await codeOf(await remove(`${passkeyId}?password=wrong`))).toEqual([400, 'INVALID_PASSWORD'])
    expect(await codeOf(await remove(passkeyId, { password: 'wrong' }))).toEqual([400, 'INVALID_PASSWORD'])
    expect((await remove(`${passkeyId}?password=${encodeURIComponent(user.password)}`)).status).toBe(200)
  })
})

describe('the secret of a passkey', () => {
  it('is not regenerated: the passkey is answered as it is', async () => {
    const { user, passkeyId } = await freshPasskey()
    const answer = await send('POST', `/${passkeyId}/regenerate-secret`, user.headers)
    expect(await answerOf(answer)).toMatchObject({ id: passkeyId, sign_count: 0, regenerated: false })
  })
})

describe('every route of one passkey', () => {
  const routes = [
    ['PATCH', '', { name: 'x' }],
    ['DELETE', '', {}],
    ['POST', '/regenerate-secret', {}],
  ] as const

  it.each(routes)(
    "%s%s is 404 for another's and for none, 400 for what is no id, 401 for strangers",
    async (...route) => {
      const [method, suffix, body] = route
      const [{ user, passkeyId }, thief] = await Promise.all([freshPasskey(), signUpUser(app)])
      const ask = (id: string, headers: Record<string, string>) => send(method, `/${id}${suffix}`, headers, body)
      expect(await codeOf(await ask(passkeyId, thief.headers))).toEqual([404, 'PASSKEY_NOT_FOUND'])
      expect(await codeOf(await ask(UNKNOWN, user.headers))).toEqual([404, 'PASSKEY_NOT_FOUND'])
      expect(await codeOf(await ask('7', user.headers))).toEqual([400, 'VALIDATION_ERROR'])
      expect(await codeOf(await ask(passkeyId, {}))).toEqual([401, 'UNAUTHORIZED'])
      expect(await codeOf(await ask(passkeyId, { authorization: 'Bearer x' }))).toEqual([401, 'TOKEN_ERROR'])
      expect((await answerOf<unknown[]>(await send('GET', '', user.headers))).length).toBe(1)
    },
  )

  it('refuses a session that was ended, at once', async () => {
    const { user, passkeyId } = await freshPasskey()
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: user.headers })
    for (const [method, suffix, body] of routes)
      expect((await send(method, `/${passkeyId}${suffix}`, user.headers, body)).status).toBe(401)
    for (const path of ['register/begin', 'register/complete'])
      expect((await post(path, {}, user.headers)).status).toBe(401)
  })
})

describe('what the service says of itself', () => {
  it('takes every kind of passkey', async () => {
    expect(await answerOf(await send('GET', '/availability'))).toEqual({
      available: true,
      platform_authenticator: true,
      roaming_authenticator: true,
      conditional_mediation: true,
      user_verifying_platform_authenticator: true,
    })
  })

  it('names the related origins', async () => {
    const related = createTestApp({
      env: {
        PASSKEY_RP_ID: 'example.com',
        PASSKEY_RP_NAME: 'The Castle',
        PASSKEY_ORIGINS: 'https://example.com,https://*.example.com,https://example.de,android:apk-key-hash:abc',
      },
    })
    const answer = await related.fetch('/.well-known/webauthn')
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(await answer.json()).toEqual({ origins: ['https://example.com', 'https://example.de'] })
    const user = await signUpUser(related)
    expect(await (await post('register/begin', {}, user.headers, related)).json()).toMatchObject({
      rp: { id: 'example.com', name: 'The Castle' },
    })
  })
})
