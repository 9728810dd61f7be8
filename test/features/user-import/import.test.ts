import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { recordedBy, recordedOf } from '../../support/events.ts'
import { createWatchedApp } from '../../support/objects.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { createImporter, rowOf, signIn } from './support.ts'

const app = createTestApp()
const PASSWORD = 'imported from another castle'
const HASH = bcrypt.hashSync(PASSWORD, 4)
const newName = () => `u${newUuid().slice(0, 12)}`

describe('a row', () => {
  it('becomes a user who signs in with the old password', async () => {
    const { rows } = await createImporter(app)
    const email = newEmail()
    const username = newName()
    const answer = await rows([
      {
        email: ` ${email.toUpperCase()} `,
        username,
        password_hash: HASH,
        email_verified: true,
        first_name: 'Ada',
        last_name: 'Lovelace',
        display_name: 'Countess',
        phone_number: '+441234',
        locale: 'en-GB',
        timezone: 'Europe/London',
        profile_image_url: 'https://example.com/a.png',
        user_metadata: { theme: 'dark', "it's": ['"', '\u0000', 1e3] },
        app_metadata: { plan: 'gold' },
        role: 'user',
        created_at: '2019-03-04T05:06:07Z',
        whatever: 'else',
      },
    ])
    expect(answer).toEqual({
      imported: 1,
      skipped: 0,
      rejected: 0,
      ignored: [{ field: 'whatever', did_you_mean: null }],
      rows: [{ row: 1, status: 'imported', id: expect.stringMatching(/^[0-9a-f-]{14}4/), email }],
    })
    expect(await signIn(app, email, PASSWORD)).toBe(200)
    expect(await signIn(app, username.toUpperCase(), PASSWORD)).toBe(200)
    expect(await signIn(app, email, `${PASSWORD}!`)).toBe(401)
    const row = await rowOf(email)
    expect(row).toMatchObject({
      id: answer.rows[0]?.id,
      username,
      username_key: username.toLowerCase(),
      role: 'user',
      status: 'active',
      first_name: 'Ada',
      last_name: 'Lovelace',
      display_name: 'Countess',
      phone_number: '+441234',
      phone_verified: 0,
      mfa_enabled: 0,
      auth_version: 1,
      claims_version: 1,
      created_at: Date.UTC(2019, 2, 4, 5, 6, 7),
      email_verified_at: expect.any(Number),
      deleted_at: null,
    })
    expect(JSON.parse(String(row?.metadata))).toEqual({ theme: 'dark', "it's": ['"', '\u0000', 1000] })
    expect(JSON.parse(String(row?.app_metadata))).toEqual({ plan: 'gold' })
  })

  it('needs only an email', async () => {
    const { rows } = await createImporter(app)
    const email = newEmail()
    expect(await rows([{ email, username: null, first_name: '', password_hash: '' }])).toMatchObject({ imported: 1 })
    expect(await rowOf(email)).toMatchObject({
      username: null,
      username_key: null,
      password_hash: null,
      email_verified_at: null,
      metadata: '{}',
      app_metadata: '{}',
      first_name: null,
    })
  })

  it.each(['inactive', 'suspended'])('that is %s cannot sign in', async (status) => {
    const { rows } = await createImporter(app)
    const email = newEmail()
    await rows([{ email, password_hash: HASH, status }])
    expect(await rowOf(email)).toMatchObject({ status })
    expect(await signIn(app, email, PASSWORD)).toBeGreaterThanOrEqual(400)
  })

  it('keeps the order of its chunk, and is in the counts of users', async () => {
    const { rows } = await createImporter(app)
    const count = async () =>
      (await env.DB.prepare('select sum(count) as n from user_counts where bucket = -1').first<{ n: number }>())?.n ?? 0
    const before = await count()
    const emails = Array.from({ length: 30 }, newEmail)
    await rows(emails.map((email) => ({ email })))
    expect(await count()).toBe(before + 30)
    const { results } = await env.DB.prepare(
      'select email from users where email in (select value from json_each(?)) order by number',
    )
      .bind(JSON.stringify(emails))
      .all<{ email: string }>()
    expect(results.map(({ email }) => email)).toEqual(emails)
  })
})

describe('a repeat', () => {
  it('skips existing users and changes nothing', async () => {
    const { rows, admin } = await createImporter(app)
    const email = newEmail()
    const { rows: first } = await rows([{ email, first_name: 'First', password_hash: HASH }])
    const before = await rowOf(email)
    const again = await rows([{ email: email.toUpperCase(), first_name: 'Second', password_hash: HASH }])
    expect(again).toEqual({
      imported: 0,
      skipped: 1,
      rejected: 0,
      rows: [{ row: 1, status: 'skipped', email, reason: 'already exists' }],
    })
    expect(await rowOf(email)).toEqual(before)
    expect(await recordedBy(admin.user.id, 'users.imported')).toHaveLength(1)
    expect(await recordedOf(first[0]?.id ?? '', 'user.created')).toHaveLength(1)
  })

  it('of an email within a chunk imports the first valid row', async () => {
    const { rows } = await createImporter(app)
    const email = newEmail()
    const answer = await rows([
      { email, first_name: 'Bad', status: 'king' },
      { email, first_name: 'Good' },
      { email, first_name: 'Late' },
    ])
    expect(answer.rows.map(({ status }) => status)).toEqual(['rejected', 'imported', 'skipped'])
    expect(await rowOf(email)).toMatchObject({ first_name: 'Good' })
  })

  it('at the same time imports each user once', async () => {
    const { rows } = await createImporter(app)
    const chunk = Array.from({ length: 20 }, () => ({ email: newEmail() }))
    const answers = await Promise.all([rows(chunk), rows(chunk), rows(chunk)])
    expect(answers.reduce((sum, { imported }) => sum + imported, 0)).toBe(20)
    expect(answers.reduce((sum, { skipped }) => sum + skipped, 0)).toBe(40)
  })
})

describe('a username', () => {
  const FORM = 'username: must have 3 to 50 letters, digits, - or _, and not digits alone: imported without it'
  const TAKEN = 'username: is taken: imported without it'

  it.each(['ada.lovelace', 'a@b', '12345', 'аdmin', 'ab', 'Ada Lovelace'])(
    '%s is invalid: its user is imported without it, and the name is stored',
    async (username) => {
      const { rows } = await createImporter(app)
      const email = newEmail()
      const answer = await rows([{ email, username, password_hash: HASH, app_metadata: { imported: { from: 'x' } } }])
      expect(answer).toEqual({
        imported: 1,
        skipped: 0,
        rejected: 0,
        rows: [{ row: 1, status: 'imported', id: expect.any(String), email, warning: FORM }],
      })
      expect(await rowOf(email)).toMatchObject({
        username: null,
        username_key: null,
        app_metadata: JSON.stringify({ imported: { from: 'x', username } }),
      })
      expect(await signIn(app, email, PASSWORD)).toBe(200)
    },
  )

  it('that is taken, in any case, stays with its user', async () => {
    const { rows } = await createImporter(app)
    const username = newName()
    const owner = await signUpUser(app, { username })
    const email = newEmail()
    const answer = await rows([{ email, username: username.toUpperCase() }, { email: newEmail() }])
    expect(answer).toMatchObject({ imported: 2, rejected: 0, rows: [{ warning: TAKEN }, {}] })
    expect(answer.rows[1]).not.toHaveProperty('warning')
    expect(await rowOf(email)).toMatchObject({
      username: null,
      app_metadata: JSON.stringify({ imported: { username: username.toUpperCase() } }),
    })
    expect(await rowOf(owner.email)).toMatchObject({ username })
  })

  it('twice in a chunk goes to the first row', async () => {
    const { rows } = await createImporter(app)
    const username = newName()
    const answer = await rows([
      { email: newEmail(), username },
      { email: newEmail(), username: username.toUpperCase() },
    ])
    expect(answer.rows.map(({ status, warning }) => [status, warning])).toEqual([
      ['imported', undefined],
      ['imported', TAKEN],
    ])
  })

  it('causes no warning for a skipped row', async () => {
    const { rows } = await createImporter(app)
    const [email, username] = [newEmail(), newName()]
    await rows([{ email, username }])
    expect((await rows([{ email, username }])).rows).toEqual([
      { row: 1, status: 'skipped', email, reason: 'already exists' },
    ])
    expect(await rowOf(email)).toMatchObject({ username, app_metadata: '{}' })
  })
})

describe('the event record', () => {
  it('has each user, marked as delivered, and one event for the platform', async () => {
    const { rows, admin } = await createImporter(app)
    const known = await signUpUser(app)
    const [email, username] = [newEmail(), newName()]
    const answer = await rows([{ email, username }, { email: known.email }, { email: 'nobody' }, { email }])
    expect(answer).toMatchObject({ imported: 1, skipped: 2, rejected: 1 })
    await app.settled()
    const id = answer.rows[0]?.id ?? ''
    const [created, ...more] = await recordedOf(id, 'user.created')
    expect(more).toEqual([])
    expect(created).toMatchObject({
      subject: id,
      actor_type: 'user',
      actor_id: admin.user.id,
      delivered_at: expect.any(Number),
    })
    expect(created?.data).toEqual({ after: { email, username, role: 'user', status: 'active', imported: true } })
    const [imported, ...others] = await recordedBy(admin.user.id, 'users.imported')
    expect(others).toEqual([])
    expect(imported).toMatchObject({ user_id: null, subject: admin.user.id, delivered_at: expect.any(Number) })
    expect(imported?.data).toEqual({ imported: 1, skipped: 2, rejected: 1 })
  })

  it('wakes no object of an imported user', async () => {
    const { app: watched, woken } = createWatchedApp()
    const { rows, admin } = await createImporter(watched)
    await rows([{ email: newEmail() }, { email: newEmail() }])
    await watched.settled()
    expect(new Set(woken)).toEqual(new Set([admin.user.id]))
  })

  it('has no event of a chunk that imports nobody', async () => {
    const { rows, admin } = await createImporter(app)
    expect(await rows([{ email: 'nobody' }])).toMatchObject({ rejected: 1 })
    expect(await rows([])).toEqual({ imported: 0, skipped: 0, rejected: 0, rows: [] })
    expect(await recordedBy(admin.user.id, 'users.imported')).toEqual([])
  })

  it('never has a hash', async () => {
    const { rows } = await createImporter(app)
    const answer = await rows([{ email: newEmail(), password_hash: HASH }])
    const events = await recordedOf(answer.rows[0]?.id ?? '', 'user.created')
    expect(JSON.stringify([events, answer])).not.toContain('$2')
  })
})
