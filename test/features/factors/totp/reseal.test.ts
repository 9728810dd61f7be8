import { describe, expect, it } from 'vitest'
import { resealFactors } from '../../../../src/features/factors/totp/service/codes.ts'
import { createTestApp, env, json } from '../../../support/app.ts'
import { createClockedApp, enrolQuickly, totpAt } from './support.ts'

const ROOT_SECRET = 'another-root-secret-0123456789-0123456789-0123456789'
const ROOT_SECRET_PREVIOUS = 'test-root-secret-0123456789-0123456789-0123456789'

describe('a new root secret', () => {
  it('opens the factors that the previous one sealed, and cron seals them anew', async () => {
    const app = createClockedApp()
    const { user, secret, headers } = await enrolQuickly(app)
    const sealOf = () =>
      env.DB.prepare('select secret_sealed from totp_factors where user_id = ?')
        .bind(user.id)
        .first<string>('secret_sealed')
    const before = await sealOf()
    const both = createTestApp({ env: { ROOT_SECRET, ROOT_SECRET_PREVIOUS } })
    const ctx = await both.ctx()
    while ((await resealFactors(ctx)) > 0);
    const after = await sealOf()
    expect(after).not.toBe(before)
    const alone = createTestApp({ env: { ROOT_SECRET, ROOT_SECRET_PREVIOUS: undefined } })
    expect(await resealFactors(await alone.ctx())).toBe(0)
    // Back again, so that the other tests' factors open under the suite's own secret.
    const back = createTestApp({ env: { ROOT_SECRET: ROOT_SECRET_PREVIOUS, ROOT_SECRET_PREVIOUS: ROOT_SECRET } })
    const returned = await back.ctx()
    while ((await resealFactors(returned)) > 0);
    const answer = await app.fetch('/api/v1/mfa/validate-code', json({ code: totpAt(secret, app.clock.now) }, headers))
    expect(await answer.json()).toMatchObject({ valid: true })
  })
})
