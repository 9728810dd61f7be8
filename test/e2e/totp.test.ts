import { describe, expect, inject, it } from 'vitest'
import { bearer, post, signUp } from './support/api.ts'
import { challenge, codeOf, enrol, OATHTOOL } from './support/totp.ts'

const origin = inject('origin')

describe.skipIf(OATHTOOL === undefined)('an authenticator app (needs the program oathtool)', () => {
  it('signs in with its codes, each once, and a backup code does without it', async () => {
    const { email, access_token } = await signUp(origin)
    const { secret, backup_codes } = await enrol(origin, access_token)
    const answer = async (code: string) => {
      const { requires_mfa, tokens, mfa_token } = await challenge(origin, email)
      expect([requires_mfa, tokens]).toEqual([true, null])
      return post(origin, '/api/v1/mfa/challenge/verify', { mfa_token, code })
    }
    // The code that was just used belongs to this step or the one before it: the next one is still new.
    const code = await codeOf(secret, 30)
    const signedIn = await answer(code)
    const session = (await signedIn.json()) as { access_token: string }
    expect(signedIn.status).toBe(200)
    const check = await fetch(`${origin}/validate?acr=aal2`, { headers: bearer(session.access_token) })
    expect([check.status, check.headers.get('x-auth-amr')]).toEqual([200, 'pwd,otp,mfa'])
    expect((await answer(code)).status).toBe(401)
    expect((await answer(await codeOf(secret, -120))).status).toBe(401)
    expect((await answer(backup_codes[0] ?? '')).status).toBe(200)
    expect((await answer(backup_codes[0] ?? '')).status).toBe(401)
  })

  it('raises a session that has signed in before it was set up', async () => {
    const { access_token } = await signUp(origin)
    const { secret } = await enrol(origin, access_token)
    const required = await fetch(`${origin}/validate?acr=aal2`, { headers: bearer(access_token) })
    expect(required.status).toBe(403)
    const raised = await post(origin, '/api/v1/auth/step-up', { code: await codeOf(secret, 30) }, bearer(access_token))
    const session = (await raised.json()) as { access_token: string }
    const check = await fetch(`${origin}/validate?acr=aal2`, { headers: bearer(session.access_token) })
    expect([raised.status, check.status]).toEqual([200, 200])
  })
})
