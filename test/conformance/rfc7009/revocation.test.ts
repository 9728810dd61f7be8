import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { inspectRefreshToken, refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import { checkAccessToken } from '../../../src/features/validation/service.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { bodyOf, form, freshMachine, freshUser, requestToken, type SignedIn } from '../../features/oauth/support.ts'
import { createTestApp } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'

const app = createTestApp()
const FIRST_PARTY = { client_id: 'postern' }
const revoke = (fields: Record<string, string>, authorization?: string) =>
  app.fetch('/oauth/revoke', form(fields, authorization))

async function isLive({ tokens }: SignedIn): Promise<[access: boolean, refresh: boolean]> {
  // Another isolate, which learns of it from the feed and the object alone.
  const ctx = await createTestApp().ctx()
  const check = await checkAccessToken(ctx, tokens.accessToken, { consistency: 'strong' })
  return [check.valid, (await inspectRefreshToken(ctx, tokens.refreshToken)) !== null]
}

const isGood = async (ctx: Ctx, token: string) => (await checkAccessToken(ctx, token, { consistency: 'view' })).valid

describe('a first-party token, whose holder needs no secret (2.1)', () => {
  it('ends its session when it is a refresh token', async () => {
    const user = await freshUser(app)
    const answer = await revoke({ ...FIRST_PARTY, token: user.tokens.refreshToken })
    expect([answer.status, await bodyOf(answer)]).toEqual([200, {}])
    expect(await isLive(user)).toEqual([false, false])
  })

  it('ends its session when it is an access token (2.1: the grant goes with it)', async () => {
    const user = await freshUser(app)
    expect((await revoke({ ...FIRST_PARTY, token: user.tokens.accessToken })).status).toBe(200)
    expect(await isLive(user)).toEqual([false, false])
  })

  it('ends that session and no other of its user', async () => {
    const first = await freshUser(app)
    const second = await freshUser(app)
    await revoke({ ...FIRST_PARTY, token: first.tokens.refreshToken, token_type_hint: 'access_token' })
    expect(await isLive(second)).toEqual([true, true])
  })

  it('ends its session when it is the successor of a refreshed one', async () => {
    const user = await freshUser(app)
    const ctx = await app.ctx()
    const tokens = user.tokens
    const next = await refreshSession(ctx, { refreshToken: tokens.refreshToken, idempotencyKey: null })
    expect((await revoke({ ...FIRST_PARTY, token: next.tokens.refreshToken })).status).toBe(200)
    expect(await isLive(user)).toEqual([false, false])
  })
})

describe("a machine's token", () => {
  it('is refused everywhere once its client has revoked it, while its others live', async () => {
    const machine = await freshMachine(app)
    const [token, other] = [await requestToken(app, machine), await requestToken(app, machine)]
    expect((await revoke({ token }, machine.basic)).status).toBe(200)
    expect(await isGood(await app.ctx(), token)).toBe(false)
    const elsewhere = await createTestApp().ctx()
    expect(await isGood(elsewhere, token)).toBe(false)
    expect(await isGood(elsewhere, other)).toBe(true)
  })

  it('may be revoked with the secret in the form', async () => {
    const machine = await freshMachine(app)
    const token = await requestToken(app, machine)
    await revoke({ token, client_id: machine.client.id, client_secret: machine.secret })
    expect(await isGood(await createTestApp().ctx(), token)).toBe(false)
  })

  it('is answered 503 when the feed did not take it: the client must ask again (2.2.1)', async () => {
    const machine = await freshMachine(app)
    const token = await requestToken(app, machine)
    const withoutFeed = createAppWithObjects(({ feed }) => ({
      feed: () => withMethods(feed(), { append: () => Promise.reject(serviceUnavailable()) }),
    }))
    const answer = await withoutFeed.fetch('/oauth/revoke', form({ token }, machine.basic))
    expect([answer.status, await bodyOf(answer)]).toMatchObject([503, { error: 'temporarily_unavailable' }])
  })
})

describe("another client's token (2.1)", () => {
  it('stays as it is, and the answer does not tell', async () => {
    const user = await freshUser(app)
    const [machine, other] = [await freshMachine(app), await freshMachine(app)]
    const token = await requestToken(app, machine)
    const answers = [
      await revoke({ token }, other.basic),
      await revoke({ ...FIRST_PARTY, token }),
      await revoke({ token: user.tokens.accessToken }, other.basic),
      await revoke({ token: user.tokens.refreshToken }, other.basic),
    ]
    for (const answer of answers) expect([answer.status, await bodyOf(answer)]).toEqual([200, {}])
    expect(await isGood(await createTestApp().ctx(), token)).toBe(true)
    expect(await isLive(user)).toEqual([true, true])
  })

  it('of a session that another client opened stays, for the first party', async () => {
    const machine = await freshMachine(app)
    const user = await freshUser(app, { clientId: machine.client.id })
    await revoke({ ...FIRST_PARTY, token: user.tokens.refreshToken })
    expect(await isLive(user)).toEqual([true, true])
    await revoke({ token: user.tokens.refreshToken }, machine.basic)
    expect(await isLive(user)).toEqual([false, false])
  })
})

describe('an answer (2.2)', () => {
  it.each(['garbage', 'a.b.c', `prt_${'A'.repeat(98)}`, '🏰', 'x'.repeat(10_000)])(
    'for the unknown token %.20j is 200',
    async (token) => {
      const answer = await revoke({ ...FIRST_PARTY, token })
      expect([answer.status, await bodyOf(answer)]).toEqual([200, {}])
    },
  )

  it('for a token that was revoked before is 200', async () => {
    const { tokens } = await freshUser(app)
    for (let count = 0; count < 3; count += 1)
      expect((await revoke({ ...FIRST_PARTY, token: tokens.refreshToken })).status).toBe(200)
  })

  it('to a client that is not authenticated is 401, and nothing is revoked', async () => {
    const user = await freshUser(app)
    const { client } = await freshMachine(app)
    const token = user.tokens.refreshToken
    for (const fields of [
      { token },
      { token, client_id: client.id },
      { token, client_id: 'postern', client_secret: 'guess' },
      { token, client_id: client.id, client_secret: 'guess' },
    ]) {
      const answer = await revoke(fields)
      expect([answer.status, await bodyOf(answer)]).toMatchObject([401, { error: 'invalid_client' }])
    }
    expect((await revoke({ token }, `Bearer ${user.tokens.accessToken}`)).status).toBe(401)
    expect(await isLive(user)).toEqual([true, true])
  })

  it('without a token is 400 invalid_request', async () => {
    const answer = await revoke(FIRST_PARTY)
    expect([answer.status, await bodyOf(answer)]).toMatchObject([400, { error: 'invalid_request' }])
  })

  it('comes under /api/v1 as well', async () => {
    const user = await freshUser(app)
    await app.fetch('/api/v1/oauth/revoke', form({ ...FIRST_PARTY, token: user.tokens.accessToken }))
    expect(await isLive(user)).toEqual([false, false])
  })
})
