import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { signUpUser } from '../../support/users.ts'
import { rowsOf, run } from '../account/erasure-support.ts'
import { COMPLIANCE, call } from './support.ts'

const app = createTestApp()
const CONSENT = `${COMPLIANCE}/consent`
const SETTINGS = `${COMPLIANCE}/privacy-settings`

describe('consents', () => {
  it('are a list that only grows: given, in another version, withdrawn, given again', async () => {
    const user = await signUpUser(app)
    const give = (version: string) => call(app, user, 'POST', CONSENT, { purpose: 'news', version })
    await give('1')
    await give('1')
    await give('2')
    await call(app, user, 'POST', `${CONSENT}/withdraw`, { purpose: 'news' })
    const withdrawn = await call(app, user, 'POST', `${CONSENT}/withdraw`, { consent_type: 'news' })
    expect(withdrawn.body.consents).toMatchObject([{ purpose: 'news', version: '2', given: false }])
    await give('2')
    const { body } = await call(app, user, 'GET', CONSENT)
    expect(body).toMatchObject({ success: true, consents: [{ purpose: 'news', version: '2', given: true }] })
    expect(body.data.history).toEqual(body.history)
    expect(body.history.map(({ change, version }: Record<string, string>) => `${change} ${version}`)).toEqual([
      'given 2',
      'withdrawn 2',
      'given 2',
      'given 1',
    ])
    const events = await rowsOf(
      "select type from events where user_id = ? and type like 'privacy.consent%'",
      user.user.id,
    )
    expect(events).toHaveLength(4)
  })

  it('are given once by five who ask at once, and withdrawn once', async () => {
    const user = await signUpUser(app)
    const five = (path: string) =>
      Promise.all(Array.from({ length: 5 }, () => call(app, user, 'POST', path, { purpose: 'ads', version: '1' })))
    await five(CONSENT)
    await five(`${CONSENT}/withdraw`)
    const rows = await rowsOf('select change from consents where user_id = ? order by position', user.user.id)
    expect(rows).toEqual([{ change: 'given' }, { change: 'withdrawn' }])
  })

  it('stand for each purpose, however much was given since', async () => {
    const user = await signUpUser(app)
    await call(app, user, 'POST', CONSENT, { purpose: 'early' })
    await run(
      `insert into consents (id, user_id, purpose, version, change, at)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 1001)
       select printf('00000000-0000-4000-8000-%012x', i), ?, 'later', i, 'given', i from n`,
      user.user.id,
    )
    const { body } = await call(app, user, 'GET', CONSENT)
    expect(body.consents).toMatchObject([
      { purpose: 'later', version: '1001', given: true },
      { purpose: 'early', version: '1', given: true },
    ])
    expect(body.history).toHaveLength(1000)
  })

  it('are changed and deleted by nobody, while there is their user', async () => {
    const user = await signUpUser(app)
    await call(app, user, 'POST', CONSENT, { purpose: 'news' })
    await expect(run("update consents set change = 'withdrawn' where user_id = ?", user.user.id)).rejects.toThrow()
    await expect(run('delete from consents where user_id = ?', user.user.id)).rejects.toThrow()
  })

  it('that were never given are not withdrawn, and purposes are one line of text', async () => {
    const user = await signUpUser(app)
    const other = await signUpUser(app)
    await call(app, other, 'POST', CONSENT, { purpose: 'news' })
    const { status, body } = await call(app, user, 'POST', `${CONSENT}/withdraw`, { purpose: 'news' })
    expect([status, body.code]).toEqual([404, 'CONSENT_NOT_FOUND'])
    for (const purpose of [null, '', 'a\nb', 'x'.repeat(101)])
      expect((await call(app, user, 'POST', CONSENT, { purpose })).status).toBe(422)
    expect((await call(app, user, 'GET', CONSENT)).body.consents).toEqual([])
  })
})

describe('privacy settings', () => {
  it('are switches that are changed one by one, kept and shown', async () => {
    const user = await signUpUser(app)
    expect((await call(app, user, 'GET', SETTINGS)).body).toMatchObject({ settings: {}, updated_at: null })
    await call(app, user, 'PUT', SETTINGS, { ads: false, analytics: true })
    const { body } = await call(app, user, 'PUT', SETTINGS, { settings: { ads: true, analytics: null } })
    expect(body).toMatchObject({ success: true, data: { settings: { ads: true } }, settings: { ads: true } })
    expect((await call(app, user, 'GET', SETTINGS)).body.settings).toEqual({ ads: true })
    expect((await call(app, await signUpUser(app), 'GET', SETTINGS)).body.settings).toEqual({})
  })

  it('are twenty at most, also when two add at once', async () => {
    const user = await signUpUser(app)
    const switches = (from: number, count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${from + index}`, true]))
    expect((await call(app, user, 'PUT', SETTINGS, switches(0, 19))).status).toBe(200)
    const both = await Promise.all([19, 20].map((from) => call(app, user, 'PUT', SETTINGS, switches(from, 1))))
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect((await call(app, user, 'PUT', SETTINGS, switches(0, 21))).status).toBe(422)
  })

  it.each([
    ['text', { ads: 'yes' }],
    ['a name', { 'A B': true }],
    ['a list', { ads: [true] }],
  ])('with %s are refused', async (_, body) => {
    const user = await signUpUser(app)
    expect((await call(app, user, 'PUT', SETTINGS, body)).status).toBe(422)
    expect((await call(app, user, 'GET', SETTINGS)).body.settings).toEqual({})
  })
})
