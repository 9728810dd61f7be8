import { describe, expect, it } from 'vitest'
import { createTestApp, env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { claimsOf } from '../../support/tokens.ts'
import { newEmail, type SignedInUser, signUpUser } from '../../support/users.ts'
import { answerOf, app, get, patchProfile, post } from '../sign-in/support.ts'

const meOf = async ({ headers }: SignedInUser) => (await get('me', headers)).json<Record<string, unknown>>()

describe('PATCH /api/v1/auth/profile', () => {
  it('changes what it names, empties what is null, and leaves the rest', async () => {
    const account = await signUpUser(app, { first_name: 'Ada', last_name: 'King' })
    const changes = { first_name: 'Augusta', last_name: null, timezone: 'Europe/Vienna', user_metadata: { plan: 'x' } }
    expect(await answerOf(patchProfile(account, { ...changes, is_admin: true, role: 'admin' }))).toMatchObject([
      200,
      { ...changes, id: account.user.id, is_admin: false, pending_email: null, propagated: true },
    ])
    expect(await meOf(account)).toMatchObject({ ...changes, email: account.email, roles: ['user'] })
    await patchProfile(account, { given_name: 'A', family_name: 'K' })
    const names = { first_name: 'A', given_name: 'A', last_name: 'K', family_name: 'K', name: 'A K' }
    expect(await meOf(account)).toMatchObject({ ...names, timezone: 'Europe/Vienna' })
  })

  it('takes lines in a bio, and in no name', async () => {
    const { headers } = await signUpUser(app)
    expect((await patchProfile({ headers }, { bio: 'one\n\ttwo\r\nthree', display_name: 'Ada 👩‍🚀' })).status).toBe(200)
    const refused = [
      { display_name: 'a\nb' },
      { first_name: 'a\0b' },
      { timezone: '\u0085' },
      { bio: 'a\0b' },
      { bio: '\udc00' },
    ]
    expect(await Promise.all(refused.map(async (body) => (await patchProfile({ headers }, body)).status))).toEqual(
      refused.map(() => 422),
    )
  })

  it('writes one event with what was and what is, and none for no change', async () => {
    const account = await signUpUser(app, { first_name: 'Ada' })
    await patchProfile(account, { first_name: 'Grace' })
    await patchProfile(account, { first_name: 'Grace' })
    await patchProfile(account, {})
    const { results } = await env.DB.prepare("select data from events where user_id = ? and type = 'user.updated'")
      .bind(account.user.id)
      .all<{ data: string }>()
    expect(results.map(({ data }) => JSON.parse(data))).toEqual([
      { before: { first_name: 'Ada' }, after: { first_name: 'Grace' } },
    ])
  })

  it('renews the tokens after a new username, which they say', async () => {
    const account = await signUpUser(app)
    const username = `Name_${Date.now()}`
    expect(await answerOf(patchProfile(account, { username }))).toMatchObject([200, { username, propagated: true }])
    expect((await get('me', account.headers)).status).toBe(401)
    const [, tokens] = await answerOf(post('refresh', { refresh_token: account.refreshToken }))
    expect(claimsOf(String(tokens.access_token))).toMatchObject({ username })
    expect((await post('signin', { email: username.toUpperCase(), password: account.password })).status).toBe(200)
  })

  it('is 409 for a taken username in upper or lower case, and lets one of two racing claims win', async () => {
    const username = `Taken_${Date.now()}`
    const [holder, other] = [await signUpUser(app, { username }), await signUpUser(app)]
    expect(await answerOf(patchProfile(other, { username: username.toUpperCase() }))).toMatchObject([
      409,
      { details: { field: 'username' } },
    ])
    expect((await patchProfile(holder, { username: username.toUpperCase() })).status).toBe(200)
    const [a, b] = [await signUpUser(app), await signUpUser(app)]
    const claims = await Promise.all(
      [a, b].map(({ headers }) => patchProfile({ headers }, { username: `race_${username}`.slice(0, 50) })),
    )
    expect(claims.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  it.each([
    { username: 'a b' },
    { username: '123456' },
    { first_name: 'x'.repeat(101) },
    { first_name: 7 },
    { profile_image_url: 'javascript:alert(1)' },
    { user_metadata: [] },
    { user_metadata: { x: 'x'.repeat(10_001) } },
    { email: 'nobody' },
  ])('is 422 for %j', async (body) => {
    const { headers } = await signUpUser(app)
    expect(await answerOf(patchProfile({ headers }, body))).toMatchObject([422, { code: 'VALIDATION_ERROR' }])
  })

  it('sends and changes nothing when it answers an error', async () => {
    const username = `Held_${Date.now()}`
    await signUpUser(app, { username })
    const [account, email] = [await signUpUser(app, { first_name: 'Ada' }), newEmail()]
    expect(await answerOf(patchProfile(account, { first_name: 'Eve', username, email }))).toMatchObject([
      409,
      { details: { field: 'username' } },
    ])
    const mute = createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } })
    expect((await patchProfile(account, { first_name: 'Eve', email }, mute)).status).toBe(503)
    expect(await meOf(account)).toMatchObject({ first_name: 'Ada', username: null })
    await app.settled()
    expect(await acceptedMails(email, 'email_change')).toEqual([])
    expect(await acceptedMails(account.email, 'email_change_notice')).toEqual([])
  })

  it('is 401 without a session, and after it has ended', async () => {
    const { headers } = await signUpUser(app)
    expect((await patchProfile({ headers: {} }, { first_name: 'x' })).status).toBe(401)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
    expect((await patchProfile({ headers }, { email: newEmail() })).status).toBe(401)
  })

  it('takes an unproven number for unproven', async () => {
    const account = await signUpUser(app)
    await env.DB.prepare("update users set phone_number = '+1', phone_verified = 1 where id = ?")
      .bind(account.user.id)
      .run()
    expect(await answerOf(patchProfile(account, { phone_number: '+43 1 234' }))).toMatchObject([
      200,
      { phone_number: '+43 1 234', phone_verified: false },
    ])
  })
})
