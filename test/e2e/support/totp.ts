import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findProgram } from '../../../scripts/support/system-programs.ts'
import { answerOf, bearer, PASSWORD, post } from './api.ts'

export const OATHTOOL = findProgram('oathtool')

/** The code that another implementation of RFC 6238 computes, `ahead` seconds from now. */
export async function codeOf(secret: string, ahead = 0): Promise<string> {
  const now = `--now=@${Math.floor(Date.now() / 1000) + ahead}`
  const { stdout } = await promisify(execFile)(OATHTOOL ?? '', ['--totp', '--base32', now, secret])
  return stdout.trim()
}

interface Enrolment {
  readonly secret: string
  readonly backup_codes: readonly string[]
}

/** Sets an authenticator app up. The code of this step is spent: the next sign-in takes the one of 30 seconds from now. */
export async function enrol(origin: string, token: string): Promise<Enrolment> {
  const enrolment = await answerOf<Enrolment>(post(origin, '/api/v1/mfa/totp/generate', {}, bearer(token)), 200)
  const code = await codeOf(enrolment.secret)
  await answerOf(post(origin, '/api/v1/mfa/totp/verify', { code }, bearer(token)), 200)
  return enrolment
}

interface Challenge {
  readonly mfa_token: string
  readonly requires_mfa: boolean
  readonly tokens: null
}

/** The password is right: what asks for the second factor. */
export const challenge = (origin: string, email: string): Promise<Challenge> =>
  answerOf(post(origin, '/api/v1/auth/login', { email, password: PASSWORD }), 200)
