import { describe, expect, it, vi } from 'vitest'
import { recordedOf } from '../../support/events.ts'
import { signUpUser } from '../../support/users.ts'
import { app } from './support.ts'

describe('the record of a user who signs up and out', () => {
  it('has every event once, and no secret', async () => {
    const { user, headers, password, accessToken, refreshToken } = await signUpUser(app)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
    const types = ['session.created', 'session.revoked', 'user.created', 'user.signed_in', 'user.signed_out']
    const rows = await vi.waitFor(
      async () => {
        const found = await recordedOf(user.id)
        expect(found.map(({ type }) => type).sort()).toEqual(types)
        return found
      },
      { timeout: 15_000, interval: 200 },
    )
    const text = JSON.stringify(rows)
    for (const secret of [password, accessToken, refreshToken]) expect(text).not.toContain(secret)
    const sessions = new Set(rows.filter(({ type }) => type !== 'user.created').map((row) => row.session_id))
    expect(sessions.size).toBe(1)
  })
})
