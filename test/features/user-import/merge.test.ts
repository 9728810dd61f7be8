import bcrypt from 'bcryptjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { recordedBy, recordedOf } from '../../support/events.ts'
import { createWatchedApp } from '../../support/objects.ts'
import { newEmail, signUpUser } from '../../support/users.ts'
import { insertPasskey } from '../admin/support.ts'
import { createImporter, type Importer, rowOf, signIn } from './support.ts'

const app = createTestApp()
const PASSWORD = 'two files of one castle'
const HASH = bcrypt.hashSync(PASSWORD, 4)
/** 140 ms by the table of costs: more expensive than our own. */
const DEAR_HASH = `$pbkdf2-sha256$i=200000$${'A'.repeat(22)}$${'A'.repeat(43)}`
const MERGE = '?merge=true'
const newName = () => `u${newUuid().slice(0, 12)}`

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})

// Otherwise failed sign-ins in other test files would wait as long.
afterAll(() => env.DB.exec('delete from dear_hashes'))

const costOf = (id: string | undefined) =>
  env.DB.prepare('select cost_ms from dear_hashes where user_id = ?').bind(id).first('cost_ms')

const one = async (record: object, query = MERGE) => (await importer.rows([record], query)).rows[0]

/** Auth0's two files about one user: the API's export, and the hashes from Auth0's support. */
function auth0Files(email: string) {
  const id = newUuid().replaceAll('-', '').slice(0, 24)
  const profile = {
    user_id: `auth0|${id}`,
    email,
    email_verified: true,
    given_name: 'Grace',
    family_name: 'Hopper',
    name: 'Amazing Grace',
    created_at: '2020-02-03T04:05:06.000Z',
    user_metadata: { theme: 'dark' },
    identities: [{ provider: 'auth0' }],
  }
  const hashes = { _id: { $oid: id }, email, email_verified: true, passwordHash: HASH, tenant: 'castle' }
  return { id, profile, hashes }
}

describe('profiles and hashes in two files', () => {
  it.each(['profile first', 'hashes first', 'in one chunk', 'in one chunk, hashes first'])(
    'make one complete account: %s',
    async (order) => {
      const email = newEmail()
      const { id, profile, hashes } = auth0Files(email)
      const files = order.endsWith('hashes first') ? [hashes, profile] : [profile, hashes]
      const answers = order.startsWith('in one chunk')
        ? [await importer.rows(files, MERGE)]
        : [await importer.rows(files.slice(0, 1), MERGE), await importer.rows(files.slice(1), MERGE)]
      const rows = answers.flatMap((answer) => answer.rows)
      expect(rows.map(({ status }) => status)).toEqual(['imported', 'merged'])
      expect(rows[1]?.id).toBe(rows[0]?.id)
      expect(await signIn(app, email, PASSWORD)).toBe(200)
      expect(await rowOf(email)).toMatchObject({
        external_id: `auth0|${id}`,
        first_name: 'Grace',
        last_name: 'Hopper',
        display_name: 'Amazing Grace',
        email_verified_at: expect.any(Number),
        created_at: Date.parse(profile.created_at),
        metadata: '{"theme":"dark"}',
      })
    },
  )

  it('without `merge` skip the second', async () => {
    const email = newEmail()
    const { profile, hashes } = auth0Files(email)
    await importer.rows([profile])
    expect((await importer.rows([hashes])).rows).toEqual([
      { row: 1, status: 'skipped', email, reason: 'already exists' },
    ])
    expect(await rowOf(email)).toMatchObject({ password_hash: null })
  })
})

describe('a merge', () => {
  it('never overwrites', async () => {
    const email = newEmail()
    const own = {
      username: newName(),
      password_hash: HASH,
      first_name: 'Ada',
      last_name: 'Lovelace',
      display_name: 'Countess',
      phone_number: '+441',
      timezone: 'UTC',
      locale: 'en',
      profile_image_url: 'https://example.com/a.png',
      external_id: newUuid(),
      created_at: 1_600_000_000_000,
    }
    await one({ email, ...own, user_metadata: { theme: 'dark' }, app_metadata: { plan: 'gold' }, status: 'suspended' })
    const before = await rowOf(email)
    const other = Object.fromEntries(Object.entries(own).map(([name]) => [name, 'x']))
    const answer = await one({
      ...other,
      email,
      external_id: own.external_id,
      username: newName(),
      password_hash: bcrypt.hashSync('another', 4),
      profile_image_url: 'https://example.com/b.png',
      created_at: 1_500_000_000_000,
      user_metadata: { theme: 'light' },
      app_metadata: { plan: 'lead' },
    })
    expect(answer).toEqual({ row: 1, status: 'skipped', email, reason: 'already exists' })
    expect(await rowOf(email)).toEqual(before)
  })

  it('fills each empty field, and metadata by key', async () => {
    const email = newEmail()
    await one({ email, first_name: 'Ada', user_metadata: { theme: 'dark' }, app_metadata: { plan: 'gold' } })
    const username = newName()
    const answer = await one({
      email: email.toUpperCase(),
      username,
      first_name: 'x',
      last_name: 'Lovelace',
      phone_number: '+441',
      locale: 'en',
      user_metadata: { theme: 'light', beta: true },
      app_metadata: { plan: 'lead', tier: 2 },
    })
    expect(answer).toMatchObject({ status: 'merged', email })
    expect(await rowOf(email)).toMatchObject({
      username,
      username_key: username,
      first_name: 'Ada',
      last_name: 'Lovelace',
      phone_number: '+441',
      locale: 'en',
      metadata: '{"theme":"dark","beta":true}',
      app_metadata: '{"plan":"gold","tier":2}',
    })
  })

  it('records the cost of a hash that it fills', async () => {
    const [email, dear, cheap] = [newEmail(), newEmail(), newEmail()]
    const records = [{ email }, { email, password_hash: DEAR_HASH }, { email: dear }, { email: cheap }]
    const { rows } = await importer.rows(records, MERGE)
    await importer.rows(
      [
        { email: dear, password_hash: DEAR_HASH },
        { email: cheap, password_hash: HASH },
      ],
      MERGE,
    )
    expect(await Promise.all([rows[0], rows[2], rows[3]].map((row) => costOf(row?.id)))).toEqual([140, 140, null])
    // A hash that is not used is not recorded.
    await one({ email: cheap, password_hash: DEAR_HASH, locale: 'de' })
    expect(await costOf(rows[3]?.id)).toBeNull()
  })

  it('that proves an address clears the question whose it is', async () => {
    const email = newEmail()
    await one({ email })
    await one({ email, email_verified: true, password_hash: HASH })
    expect(await rowOf(email)).toMatchObject({ email_verified_at: expect.any(Number), email_unanswered_since: null })
  })

  it('rejects a hash that takes longer than max_hash_ms, and fills nothing', async () => {
    const email = newEmail()
    await one({ email })
    const answer = await importer.rows([{ email, password_hash: DEAR_HASH, locale: 'de' }], `${MERGE}&max_hash_ms=139`)
    expect(answer).toMatchObject({ merged: 0, rejected: 1, too_dear: 1 })
    expect(await rowOf(email)).toMatchObject({ password_hash: null, locale: null })
  })

  it('changes no account that its user or an admin created', async () => {
    const user = await signUpUser(app)
    const before = await rowOf(user.email)
    const answer = await one({ email: user.email, last_name: 'Mallory', external_id: newUuid(), password_hash: HASH })
    expect(answer).toMatchObject({ status: 'skipped', reason: 'already exists' })
    expect(await rowOf(user.email)).toEqual(before)
  })

  it.each(['another external_id', 'an id that has another email'])(
    'changes no account of another person: %s',
    async (which) => {
      const [email, id] = [newEmail(), newUuid()]
      const holder = { email: newEmail(), external_id: newUuid() }
      await importer.rows([{ email, ...(which.startsWith('another') ? { external_id: id } : {}) }, holder])
      const before = await rowOf(email)
      expect(await one({ email, external_id: holder.external_id, password_hash: HASH })).toMatchObject({
        status: 'skipped',
      })
      expect(await rowOf(email)).toEqual(before)
    },
  )

  it("takes no password of a stranger who signed up with somebody else's address", async () => {
    const email = newEmail()
    await one({ user_id: `google-oauth2|${newUuid()}`, email, email_verified: true })
    expect(
      await one({ user_id: `auth0|${newUuid()}`, email, email_verified: false, password_hash: HASH }),
    ).toMatchObject({
      status: 'skipped',
      reason: 'already exists with another external_id',
    })
    const plain = newEmail()
    await one({ email: plain, email_verified: true })
    expect(await one({ email: plain, email_verified: false, password_hash: HASH, locale: 'de' })).toMatchObject({
      status: 'merged',
      warning: 'password_hash: the user has taken the account over: imported without it',
    })
    expect([await signIn(app, email, PASSWORD), await signIn(app, plain, PASSWORD)]).toEqual([401, 401])
    // Nor does another person's row prove the address of a stranger's account.
    const planted = newEmail()
    await one({ email: planted, password_hash: HASH })
    await one({ email: planted, email_verified: true, locale: 'de' })
    expect(await rowOf(planted)).toMatchObject({ email_verified_at: null, locale: 'de' })
  })

  it.each([
    ['a passkey', async (id: string) => insertPasskey(id)],
    [
      'a second factor',
      async (id: string) => void (await env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(id).run()),
    ],
    [
      'credentials that have changed',
      async (id: string) =>
        void (await env.DB.prepare('update users set auth_version = 2 where id = ?').bind(id).run()),
    ],
  ])('adds no password to %s, with a warning', async (_, change) => {
    const email = newEmail()
    const made = await one({ email })
    await change(made?.id ?? '')
    const row = { email, password_hash: HASH, email_verified: true }
    const warning = 'password_hash: the user has taken the account over: imported without it'
    expect(await one(row)).toMatchObject({ status: 'skipped', reason: warning })
    expect(await one({ ...row, last_name: 'Lovelace' })).toMatchObject({ status: 'merged', warning })
    expect(await rowOf(email)).toMatchObject({ password_hash: null, email_verified_at: null, last_name: 'Lovelace' })
  })

  it('does not activate or deactivate an account', async () => {
    const [inside, outside] = [newEmail(), newEmail()]
    await importer.rows([{ email: inside }, { email: outside, status: 'suspended' }], MERGE)
    expect(await one({ email: inside, status: 'suspended', locale: 'de' })).toMatchObject({
      status: 'merged',
      warning: 'status: the account is active and stays so: imported without it',
    })
    await one({ email: outside, status: 'active', locale: 'de' })
    expect([(await rowOf(inside))?.status, (await rowOf(outside))?.status]).toEqual(['active', 'suspended'])
  })

  it('takes no username that is taken, and does not warn about one that is not needed', async () => {
    const [email, username, own] = [newEmail(), newName(), newName()]
    await signUpUser(app, { username })
    await one({ email })
    expect(await one({ email, username: username.toUpperCase(), locale: 'de' })).toMatchObject({
      status: 'merged',
      warning: 'username: is taken: imported without it',
    })
    expect(await rowOf(email)).toMatchObject({ username: null })
    await one({ email, username: own })
    expect(await one({ email, username, timezone: 'UTC' })).not.toHaveProperty('warning')
    expect(await rowOf(email)).toMatchObject({ username: own, username_key: own })
  })

  it('at the same time fills each field once', async () => {
    const email = newEmail()
    await one({ email })
    const names = ['a', 'b', 'c', 'd']
    await Promise.all(
      names.map((name) => one({ email, first_name: name, last_name: name, username: `${newName()}-${name}` })),
    )
    const row = await rowOf(email)
    expect(names).toContain(row?.first_name)
    expect(row?.username_key).toBe(String(row?.username).toLowerCase())
  })

  it('overwrites no change that the user makes meanwhile', async () => {
    const email = newEmail()
    await one({ email, user_metadata: { theme: 'dark' } })
    const { id } = (await rowOf(email)) ?? {}
    const change = () =>
      env.DB.prepare(`update users set metadata = '{"own":1}', last_name = 'Own', auth_version = 2 where id = ?`)
        .bind(id)
        .run()
    let isMerging = false
    const watched = createTestApp({
      override: (ctx) => {
        const { batch } = ctx.db
        // Once, between the merge's read and its write.
        const readThenChange = async (statements: Parameters<typeof batch>[0]) => {
          const result = await ctx.db.batch(statements)
          if (isMerging) await change()
          isMerging = false
          return result
        }
        const db = new Proxy(ctx.db, {
          get: (target, name) => (name === 'batch' ? readThenChange : Reflect.get(target, name)),
        })
        return { ...ctx, db }
      },
    })
    const other = await createImporter(watched)
    isMerging = true
    const row = { email, last_name: 'Imported', user_metadata: { beta: true }, locale: 'de', password_hash: DEAR_HASH }
    await other.rows([row], MERGE)
    expect(await costOf(String(id))).toBeNull()
    expect(await rowOf(email)).toMatchObject({
      last_name: 'Own',
      metadata: '{"own":1}',
      locale: 'de',
      password_hash: null,
    })
  })

  it('is recorded without the hash, is not delivered, and is counted in the event of its chunk', async () => {
    const { app: watchedApp, woken } = createWatchedApp()
    const other = await createImporter(watchedApp)
    const email = newEmail()
    const made = (await other.rows([{ email, first_name: 'Ada' }])).rows[0]
    await other.rows(
      [{ email, first_name: 'x', last_name: 'Lovelace', password_hash: HASH }, { email: newEmail() }],
      MERGE,
    )
    await watchedApp.settled()
    const [updated, ...more] = await recordedOf(made?.id ?? '', 'user.updated')
    expect(more).toEqual([])
    expect(updated).toMatchObject({ actor_id: other.admin.user.id, delivered_at: expect.any(Number) })
    expect(updated?.data).toEqual({
      before: { last_name: null },
      after: { last_name: 'Lovelace' },
      filled: ['last_name', 'password_hash'],
    })
    const events = await recordedBy(other.admin.user.id, 'users.imported')
    expect(events.map(({ data }) => data)).toEqual([
      { imported: 1, skipped: 0, rejected: 0 },
      { imported: 1, skipped: 0, rejected: 0, merged: 1 },
    ])
    expect(new Set(woken)).toEqual(new Set([other.admin.user.id]))
  })
})

describe('a dry run', () => {
  it('returns the outcome of each row, and writes nothing', async () => {
    const known = newEmail()
    await one({ email: known })
    const taken = newName()
    await signUpUser(app, { username: taken })
    const [email, other] = [newEmail(), newEmail()]
    const before = await env.DB.prepare(
      'select (select count(*) from users) as u, (select count(*) from events) as e',
    ).first()
    const chunk = [
      { email, first_name: 'Ada', username: taken },
      { email, last_name: 'Lovelace' },
      { email: known, last_name: 'Known' },
      { email: 'nobody' },
      { email: other, locale: 7 },
    ]
    const dry = await importer.rows(chunk, '?merge=true&dry_run=true')
    expect(dry).toMatchObject({ dry_run: true, imported: 2, merged: 2, skipped: 0, rejected: 1 })
    expect(dry.rows.map(({ status, id }) => [status, id === undefined])).toEqual([
      ['imported', true],
      ['merged', true],
      ['merged', false],
      ['rejected', true],
      ['imported', true],
    ])
    expect(
      await env.DB.prepare('select (select count(*) from users) as u, (select count(*) from events) as e').first(),
    ).toEqual(before)
    expect([await rowOf(email), (await rowOf(known))?.last_name]).toEqual([null, null])
    const real = await importer.rows(chunk, MERGE)
    const outcome = ({ status, warning, reason }: (typeof real.rows)[number]) => [status, warning, reason]
    expect(dry.rows.map(outcome)).toEqual(real.rows.map(outcome))
  })
})
