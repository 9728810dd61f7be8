import { pbkdf2Sync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measureCostlyHashes } from '../../../src/features/factors/password/service/costly-hashes.ts'
import { dropForgottenPasswords } from '../../../src/features/sign-in/service/forgotten-passwords.ts'
import { DAY } from '../../../src/lib/time.ts'
import { createTestApp, env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails, linkIn, waitForMail } from '../../support/mail.ts'
import { newAddress, newEmail } from '../../support/users.ts'
import { createImporter, type Importer, rowOf, signIn } from '../user-import/support.ts'

const app = createTestApp({ env: { FOREIGN_HASH_DAYS: '30' } })
const PASSWORD = 'imported from another castle'

/** PBKDF2-SHA256: dearer than ours from 170,000 iterations on. */
const hashOf = (password: string, iterations: number) =>
  `pbkdf2_sha256$${iterations}$seasoning$${pbkdf2Sync(password, 'seasoning', iterations, 32, 'sha256').toString('base64')}`

let importer: Importer
beforeAll(async () => {
  importer = await createImporter(app)
})
// Failures of other files would be as slow.
afterAll(() => env.DB.exec('delete from dear_hashes'))

async function importUser(password_hash: string): Promise<{ id: string; email: string }> {
  const email = newEmail()
  const { rows } = await importer.rows([{ email, password_hash }])
  return { id: rows[0]?.id ?? '', email }
}

const costOf = (id: string) =>
  env.DB.prepare('select cost_ms from dear_hashes where user_id = ?').bind(id).first('cost_ms')
const age = (id: string, days: number) =>
  env.DB.prepare('update dear_hashes set used_at = ? where user_id = ?')
    .bind(Date.now() - days * DAY, id)
    .run()
const drop = async () => dropForgottenPasswords(await app.ctx())
const hashKept = async (email: string) => (await rowOf(email))?.password_hash

describe('a foreign hash that nobody signed in with for FOREIGN_HASH_DAYS', () => {
  it('is dropped when it is dearer than ours, and its user is mailed a link to a new password', async () => {
    const [old, young, cheap] = [
      await importUser(hashOf(PASSWORD, 200_000)),
      await importUser(hashOf(PASSWORD, 200_000)),
      await importUser(hashOf(PASSWORD, 1000)),
    ]
    expect(await Promise.all([old, young, cheap].map(({ id }) => costOf(id)))).toEqual([140, 140, null])
    await age(old.id, 31)
    await age(young.id, 29)
    await drop()
    expect(await hashKept(old.email)).toBeNull()
    expect(await costOf(old.id)).toBeNull()
    expect(await hashKept(young.email)).toBe(hashOf(PASSWORD, 200_000))
    expect(await hashKept(cheap.email)).toBe(hashOf(PASSWORD, 1000))
    expect((await recordedOf(old.id)).map(({ type }) => type)).toContain('user.password_dropped')
    const link = linkIn(await waitForMail(app, old.email))
    expect(link.pathname).toBe('/reset-password')
    const body = { token: link.searchParams.get('token'), new_password: 'a castle of my own making' }
    expect((await app.fetch('/api/v1/auth/password/reset', json(body))).status).toBe(200)
    expect(await signIn(app, old.email, 'a castle of my own making')).toBe(200)
  })

  it('is dropped without a mail where the user may not sign in', async () => {
    const { id, email } = await importUser(hashOf(PASSWORD, 200_000))
    await age(id, 31)
    await env.DB.prepare("update users set status = 'suspended' where id = ?").bind(id).run()
    await drop()
    expect(await hashKept(email)).toBeNull()
    expect(await acceptedMails(email, 'password_dropped')).toEqual([])
  })

  it('stays while no mail can be sent: there would be no way back', async () => {
    const { id, email } = await importUser(hashOf(PASSWORD, 200_000))
    await age(id, 31)
    const ctx = await app.ctx()
    await dropForgottenPasswords({ ...ctx, config: { ...ctx.config, MAIL_TRANSPORT: 'smtp' } })
    expect(await hashKept(email)).toBe(hashOf(PASSWORD, 200_000))
  })

  it('is gone after a sign-in: the password is hashed anew', async () => {
    const { id, email } = await importUser(hashOf(PASSWORD, 200_000))
    expect(await signIn(app, email, PASSWORD)).toBe(200)
    expect(await hashKept(email)).toMatch(/^\$argon2id\$/)
    expect(await costOf(id)).toBeNull()
  })

  it('is in use where the password has six characters: it signs in, and its hash stays', async () => {
    const { id, email } = await importUser(hashOf('abc123', 200_000))
    await age(id, 31)
    expect(await signIn(app, email, 'abc124')).toBe(401)
    expect(await signIn(app, email, 'abc123')).toBe(200)
    await drop()
    expect(await hashKept(email)).toBe(hashOf('abc123', 200_000))
    expect(await signIn(app, email, 'abc123')).toBe(200)
  })
})

describe('a hash that was stored before its cost was', () => {
  const unmeasured = async (password_hash: string) => {
    const { id, email } = await importUser(hashOf(PASSWORD, 1000))
    const insert = 'insert into dear_hashes (user_id, cost_ms, used_at) values (?, null, ?)'
    await env.DB.batch([
      env.DB.prepare('update users set password_hash = ? where id = ?').bind(password_hash, id),
      env.DB.prepare(insert).bind(id, Date.now()),
    ])
    return { id, email }
  }
  const tooDear = `$argon2id$v=19$m=65536,t=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

  it('is measured by cron, and dropped at once when it is beyond what is verified', async () => {
    const [dear, cheap, beyond] = [
      await unmeasured(hashOf(PASSWORD, 300_000)),
      await unmeasured(hashOf(PASSWORD, 1000)),
      await unmeasured(tooDear),
    ]
    await measureCostlyHashes(await app.ctx())
    expect(await Promise.all([dear, cheap, beyond].map(({ id }) => costOf(id)))).toEqual([210, null, 1501])
    await drop()
    expect(await hashKept(beyond.email)).toBeNull()
    expect(await acceptedMails(beyond.email, 'password_dropped')).toHaveLength(1)
    expect(await hashKept(cheap.email)).toBe(hashOf(PASSWORD, 1000))
  })
})

describe('an imported password', () => {
  it('of 1,000 characters signs in, and no new one has more than 128', async () => {
    const long = 'x7#'.repeat(340).slice(0, 1000)
    const { email } = await importUser(hashOf(long, 1000))
    expect(await signIn(app, email, long)).toBe(200)
    expect(await signIn(app, email, 'x7#'.repeat(342).slice(0, 1025))).toBe(422)
    const body = { email: newEmail(), password: long.slice(0, 129) }
    const headers = { 'cf-connecting-ip': newAddress() }
    expect((await app.fetch('/api/v1/auth/signup', json(body, headers))).status).toBe(422)
  })

  it('that was hashed as NFD signs in as it is typed, and from then on as ours', async () => {
    const typed = 'Schlüssel für Zoë'
    const { email } = await importUser(hashOf(typed.normalize('NFD'), 1000))
    expect(await signIn(app, email, `${typed}!`)).toBe(401)
    expect(await signIn(app, email, typed)).toBe(200)
    expect(await hashKept(email)).toMatch(/^\$argon2id\$/)
    expect(await signIn(app, email, typed)).toBe(200)
  })
})

describe('an import with max_hash_ms', () => {
  it('rejects what takes longer to verify, and counts it', async () => {
    const [one, other] = [newEmail(), newEmail()]
    const records = [
      { email: one, password_hash: hashOf(PASSWORD, 200_000) },
      { email: other, password_hash: hashOf(PASSWORD, 1000) },
    ]
    const answer = await importer.rows(records, '?max_hash_ms=139')
    expect(answer).toMatchObject({ imported: 1, rejected: 1, too_dear: 1 })
    expect(answer.rows[0]?.reason).toBe(
      'password_hash: PBKDF2 of SHA-256 and 200000 iterations takes 140 ms to verify: it exceeds 139 ms',
    )
    expect((await importer.send('{}', undefined, '?max_hash_ms=1501')).status).toBe(422)
  })
})
