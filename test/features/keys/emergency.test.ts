import { afterAll, describe, expect, it } from 'vitest'
import { loadSigningKey, verifyAccessToken } from '../../../src/features/keys/service/tokens.ts'
import { checkAccessToken } from '../../../src/features/validation/service.ts'
import { delay, SECOND } from '../../../src/lib/time.ts'
import { bearer, createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { bodyOf, freshMachine, freshUser, requestToken } from '../oauth/support.ts'

const kidIn = async (app: TestApp) => (await loadSigningKey(await app.ctx())).kid
const isGood = async (app: TestApp, token: string) =>
  (await checkAccessToken(await app.ctx(), token, { consistency: 'view' })).valid

/** Requests the rotation as a new admin, who signs in on `app`. */
async function rotate(app: TestApp, body: Record<string, unknown>) {
  const { tokens } = await freshUser(app, { role: 'admin' })
  const { headers } = bearer(tokens.accessToken)
  const answer = await app.fetch('/api/v1/admin/keys/rotate', json(body, headers))
  return { status: answer.status, body: await bodyOf(answer) }
}

// An isolate that other files share keeps the ring for five seconds, and would sign for them with the revoked key.
afterAll(() => delay(5 * SECOND))

describe('an immediate rotation', () => {
  it('publishes one waiting successor, and revokes no token', async () => {
    const app = createTestApp()
    const before = await kidIn(app)
    const { tokens } = await freshUser(app)
    const first = await rotate(app, {})
    const second = await rotate(app, {})
    expect([first.status, first.body.revoked]).toEqual([200, []])
    expect(second.body.kid).toBe(first.body.kid)
    expect(first.body.kid).not.toBe(before)
    expect(await kidIn(app)).toBe(before)
    expect(await isGood(app, tokens.accessToken)).toBe(true)
  })

  it('with revoke_current signs with a new key at once, and every isolate refuses tokens of the old one', async () => {
    const app = createTestApp()
    const remembering = createTestApp()
    const before = await kidIn(app)
    const { tokens } = await freshUser(app)
    const machineToken = await requestToken(app, await freshMachine(app))
    for (const token of [tokens.accessToken, machineToken]) expect(await isGood(remembering, token)).toBe(true)

    const { status, body } = await rotate(app, { revoke_current: true })
    expect([status, body.propagated]).toEqual([200, true])
    expect(body.revoked).toContain(before)
    const after = await kidIn(app)
    expect(after).toBe(body.kid)
    expect(await kidIn(createTestApp())).toBe(after)

    for (const token of [tokens.accessToken, machineToken]) {
      expect(await isGood(app, token)).toBe(false)
      expect(await isGood(createTestApp(), token)).toBe(false)
      await expect.poll(() => isGood(remembering, token), { timeout: 6000, interval: 250 }).toBe(false)
    }
    const jwks = (await (await createTestApp().fetch('/.well-known/jwks.json')).json()) as { keys: { kid: string }[] }
    expect(jwks.keys.map(({ kid }) => kid)).not.toContain(before)
    expect(await verifyAccessToken(await app.ctx(), tokens.accessToken)).toEqual({ ok: false, reason: 'unknown_key' })
  })

  it('also revokes a waiting key, so that it never takes over', async () => {
    const app = createTestApp()
    const waiting = (await rotate(app, {})).body.kid
    const { body } = await rotate(app, { revoke_current: true })
    expect(body.revoked).toContain(waiting)
    expect(await kidIn(app)).toBe(body.kid)
  })

  it('records who did it', async () => {
    const app = createTestApp()
    const admin = await freshUser(app, { role: 'admin' })
    const { headers } = bearer(admin.tokens.accessToken)
    const body = await bodyOf(await app.fetch('/api/v1/admin/keys/rotate', json({ revoke_current: true }, headers)))
    const { results } = await env.DB.prepare(
      'select type, subject, delivered_at from events where actor_id = ? order by position',
    )
      .bind(admin.user.id)
      .all<{ type: string; subject: string; delivered_at: number | null }>()
    const about = results.filter(({ type }) => type.startsWith('key.'))
    expect(about.map(({ type }) => type)).toEqual(['key.created', 'key.rotated', 'key.revoked'])
    expect(about.map(({ subject }) => subject)).toEqual([body.kid, body.kid, (body.revoked as string[])[0]])
    expect(about.every(({ delivered_at }) => delivered_at !== null)).toBe(true)
  })

  it('revokes a key once when two admins race', async () => {
    const app = createTestApp()
    const [one, two] = await Promise.all([rotate(app, { revoke_current: true }), rotate(app, { revoke_current: true })])
    // The second admin's own token may have been revoked with the key meanwhile, which is the expected effect.
    expect([one.status, two.status].filter((status) => status === 200).length).toBeGreaterThanOrEqual(1)
    const kid = await kidIn(createTestApp())
    expect(await kidIn(app)).toBe(kid)
  })
})
