import { changeUserState } from '../../../src/features/users/service/state.ts'
import { createClockedApp, enrolQuickly } from '../../features/factors/totp/support.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { signUpUser } from '../../support/users.ts'
import { answerOf, call } from './requests.ts'

/** Credentials that are good for nothing, each with what it is. */
export async function refusedTokens(app: TestApp): Promise<[string, string][]> {
  const make = () => signUpUser(app)
  const [suspended, locked, deleted, revoked] = await Promise.all([make(), make(), make(), make()])
  const actor = { type: 'system', id: 'test' } as const
  const ctx = await app.ctx()
  await changeUserState(ctx, { userId: suspended.user.id, change: 'suspend', actor })
  await changeUserState(ctx, { userId: locked.user.id, change: 'lock', actor })
  await changeUserState(ctx, { userId: deleted.user.id, change: 'delete', actor })
  await call('POST', '/api/v1/auth/signout', { headers: revoked.headers })
  const short = createTestApp({
    override: (it) => ({ ...it, config: { ...it.config, ACCESS_TOKEN_SECONDS: -60 } }),
  })
  const expired = await signUpUser(short)
  const clocked = createClockedApp()
  const enrolled = await enrolQuickly(clocked)
  const [, pending] = await answerOf(
    call('POST', '/api/v1/auth/login', {
      body: { username: enrolled.email, password: enrolled.password },
      app: clocked,
    }),
  )
  return [
    ['suspended', suspended.accessToken],
    ['locked', locked.accessToken],
    ['deleted', deleted.accessToken],
    ['revoked', revoked.accessToken],
    ['expired', expired.accessToken],
    ['second factor pending', String(pending.mfa_token)],
    ['a refresh token', revoked.refreshToken],
    ['not a token', 'x.y.z'],
    ['empty', ''],
  ]
}
