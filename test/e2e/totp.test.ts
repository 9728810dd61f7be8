import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, inject, it } from 'vitest'
import { findProgram } from '../../scripts/support/system-programs.ts'
import { bearer, PASSWORD, post, signUp } from './support/api.ts'

const origin = inject('origin')
const oathtool = findProgram('oathtool')

/** The code that another implementation of RFC 6238 computes, `ahead` seconds from now. */
async function codeOf(secret: string, ahead = 0): Promise<string> {
  const now = `--now=@${Math.floor(Date.now() / 1000) + ahead}`
  const { stdout } = await promisify(execFile)(oathtool ?? '', ['--totp', '--base32', now, secret])
  return stdout.trim()
}

async function enrol(token: string): Promise<{ secret: string; backup_codes: string[] }> {
  const started = await post(origin, '/api/v1/mfa/totp/generate', {}, bearer(token))
  const enrolment = (await started.json()) as { secret: string; backup_codes: string[] }
  const code = await codeOf(enrolment.secret)
  expect((await post(origin, '/api/v1/mfa/totp/verify', { code }, bearer(token))).status).toBe(200)
  return enrolment
}

async function challenge(email: string): Promise<string> {
  const answer = await post(origin, '/api/v1/auth/login', { email, password: PASSWORD })
  const body = (await answer.json()) as { mfa_token: string; requires_mfa: boolean; tokens: null }
  expect([answer.status, body.requires_mfa, body.tokens]).toEqual([200, true, null])
  return body.mfa_token
}

describe.skipIf(oathtool === undefined)('an authenticator app (needs the program oathtool)', () => {
  it('signs in with its codes, each once, and a backup code does without it', async () => {
    const { email, access_token } = await signUp(origin)
    const { secret, backup_codes } = await enrol(access_token)
    const answer = async (code: string) =>
      post(origin, '/api/v1/mfa/challenge/verify', { mfa_token: await challenge(email), code })
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
    const { secret } = await enrol(access_token)
    const required = await fetch(`${origin}/validate?acr=aal2`, { headers: bearer(access_token) })
    expect(required.status).toBe(403)
    const raised = await post(origin, '/api/v1/auth/step-up', { code: await codeOf(secret, 30) }, bearer(access_token))
    const session = (await raised.json()) as { access_token: string }
    const check = await fetch(`${origin}/validate?acr=aal2`, { headers: bearer(session.access_token) })
    expect([raised.status, check.status]).toEqual([200, 200])
  })
})
