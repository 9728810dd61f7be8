import { expect, it } from 'vitest'
import { createTestApp, json } from '../../../support/app.ts'
import { signInUser, signUpUser } from '../../../support/users.ts'
import { type ClockedApp, createClockedApp, outcomeOf, rowsOf, totpAt } from './support.ts'

it('shows a pending secret to no session but the one that began: a thief must not know what its owner confirms', async () => {
  const app = createClockedApp()
  const owner = await signUpUser(app)
  const thief = await signInUser(app, owner)
  const show = async ({ headers }: typeof owner) =>
    (await (await app.fetch('/auth/generate-2fa-code', { headers })).json<{ secret: string }>()).secret
  const begun = await app.fetch('/api/v1/mfa/totp/generate', json({}, thief.headers))
  const stolen = await begun.json<{ secret: string; backup_codes: string[] }>()

  const secret = await show(owner)
  expect(secret).not.toBe(stolen.secret)
  expect(await show(owner)).toBe(secret)
  const confirm = (code: string) => app.fetch('/api/v1/mfa/totp/verify', json({ code }, owner.headers))
  expect((await confirm(totpAt(secret, app.clock.now))).status).toBe(200)
  const codes = await app.fetch('/api/v1/mfa/backup-codes', { headers: owner.headers })
  expect(await codes.json()).toMatchObject({ total: 0 })
})

it('replaces a pending secret that another session asks for: its owner finds that the code is wrong', async () => {
  const app = createClockedApp()
  const owner = await signUpUser(app)
  const thief = await signInUser(app, owner)
  const begun = await app.fetch('/api/v1/mfa/totp/generate', json({}, owner.headers))
  const { secret } = await begun.json<{ secret: string }>()
  const shown = await app.fetch('/auth/generate-2fa-code', { headers: thief.headers })
  expect((await shown.json<{ secret: string }>()).secret).not.toBe(secret)
  const code = totpAt(secret, app.clock.now)
  expect((await app.fetch('/api/v1/mfa/totp/verify', json({ code }, owner.headers))).status).toBe(400)
})

/** An isolate in which `before` and `after` happen around each batch of statements. */
const racingApp = (app: ClockedApp, { before, after }: { before?: () => Promise<void>; after?: () => Promise<void> }) =>
  createTestApp({
    override: (ctx) => {
      const batch: typeof ctx.db.batch = async (statements) => {
        await before?.()
        const results = await ctx.db.batch(statements)
        await after?.()
        return results
      }
      return {
        ...ctx,
        now: () => app.clock.now,
        db: new Proxy(ctx.db, { get: (db, name) => (name === 'batch' ? batch : Reflect.get(db, name)) }),
      }
    },
  })

it('shows nothing when another session has begun anew between the write and the look', async () => {
  const app = createClockedApp()
  const owner = await signUpUser(app)
  const thief = await signInUser(app, owner)
  const beginAnew = async () =>
    expect((await app.fetch('/api/v1/mfa/totp/generate', json({}, owner.headers))).status).toBe(200)
  const shown = racingApp(app, { after: beginAnew }).fetch('/auth/generate-2fa-code', { headers: thief.headers })
  expect(await outcomeOf(shown)).toEqual([400, 'MFA_NOT_STARTED'])
})

it('confirms no secret that another session has put in place between the check of the code and the write', async () => {
  const app = createClockedApp()
  const owner = await signUpUser(app)
  const thief = await signInUser(app, owner)
  const begin = async ({ headers }: typeof owner) =>
    (await (await app.fetch('/api/v1/mfa/totp/generate', json({}, headers))).json<{ secret: string }>()).secret
  const code = totpAt(await begin(owner), app.clock.now)
  const replaced: string[] = []
  const racing = racingApp(app, { before: async () => void replaced.push(await begin(thief)) })
  const confirmed = racing.fetch('/api/v1/mfa/totp/verify', json({ code }, owner.headers))
  expect(await outcomeOf(confirmed)).toEqual([400, 'INVALID_CODE'])
  expect(replaced).toHaveLength(1)
  expect(await rowsOf('totp_factors', owner.user.id)).toMatchObject([{ confirmed_at: null }])
})
