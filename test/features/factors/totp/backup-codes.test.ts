import { describe, expect, it } from 'vitest'
import { json } from '../../../support/app.ts'
import { recordedOf } from '../../../support/events.ts'
import { PASSWORD, signUpUser } from '../../../support/users.ts'
import {
  ageSession,
  createClockedSuite,
  enrolQuickly,
  enrolUser,
  outcomeOf,
  proveSecondFactor,
  rowsOf,
  totpAt,
} from './support.ts'

const app = createClockedSuite()
const post = (path: string, body: unknown, headers: Record<string, string>) =>
  app.fetch(`/api/v1${path}`, json(body, headers))
const list = async (headers: Record<string, string>) =>
  (await app.fetch('/api/v1/mfa/backup-codes', { headers })).json<{
    backup_codes: { code_hint: string; used: boolean; used_at: string | null }[]
    remaining: number
    total: number
  }>()

describe('GET /api/v1/mfa/backup-codes', () => {
  it('shows hints in the order in which the codes were shown, and which are used', async () => {
    const { headers, backupCodes } = await enrolUser(app)
    await post('/mfa/backup-codes/verify', { code: backupCodes[1] }, headers)
    const answer = await list(headers)
    expect(answer).toMatchObject({ remaining: 9, total: 10 })
    expect(answer.backup_codes.map(({ code_hint }) => code_hint)).toEqual(
      backupCodes.map((code) => `****-**${code.slice(-2)}`),
    )
    expect(answer.backup_codes.map(({ used }) => used)).toEqual(backupCodes.map((_, index) => index === 1))
    expect(answer.backup_codes[1]?.used_at).toBe(new Date(app.clock.now).toISOString())
  })

  it('is empty without a second factor', async () => {
    const { headers } = await signUpUser(app)
    expect(await list(headers)).toEqual({ backup_codes: [], remaining: 0, total: 0 })
  })
})

describe('the rows of a set', () => {
  it('share one salt, are argon2id, and hold no code', async () => {
    const { user, backupCodes } = await enrolUser(app)
    const rows = (await rowsOf('backup_codes', user.id)) as { salt: string; code_hash: string }[]
    expect(new Set(rows.map(({ salt }) => salt)).size).toBe(1)
    expect(new Set(rows.map(({ code_hash }) => code_hash)).size).toBe(10)
    for (const { code_hash } of rows) expect(code_hash).toMatch(/^[A-Za-z0-9_-]{43}$/)
    for (const code of backupCodes) expect(JSON.stringify(rows)).not.toContain(code.replace('-', ''))
  })
})

describe('POST /api/v1/mfa/backup-codes/verify', () => {
  it('uses a code up, and says how many are left', async () => {
    const { headers, backupCodes, user, secret } = await enrolUser(app)
    const verify = async (code: unknown) => {
      const answer = await post('/mfa/backup-codes/verify', { code }, headers)
      return [answer.status, await answer.json()]
    }
    expect(await verify(backupCodes[0])).toMatchObject([200, { valid: true, remaining: 9 }])
    expect(await verify(backupCodes[0])).toMatchObject([200, { valid: false, remaining: 9 }])
    expect(await verify('ABCD-2345')).toMatchObject([200, { valid: false, remaining: 9 }])
    expect(await verify(totpAt(secret, app.clock.now))).toMatchObject([200, { valid: false, remaining: 9 }])
    const used = await recordedOf(user.id, 'backup_code.used')
    expect(used).toHaveLength(1)
    expect(JSON.stringify(used)).not.toContain(backupCodes[0])
  })

  it('lets one of two that come at once win', async () => {
    const { headers, backupCodes } = await enrolUser(app)
    const both = await Promise.all(
      [1, 2, 3].map(() => post('/mfa/backup-codes/verify', { code: backupCodes[0] }, headers)),
    )
    const valid = await Promise.all(both.map(async (answer) => (await answer.json<{ valid: boolean }>()).valid))
    expect(valid.sort()).toEqual([false, false, true])
  })

  it('is 400 without a second factor', async () => {
    const { headers } = await signUpUser(app)
    expect(await outcomeOf(post('/mfa/backup-codes/verify', { code: 'ABCD-2345' }, headers))).toEqual([
      400,
      'MFA_NOT_ENABLED',
    ])
  })
})

describe.each(['/mfa/totp/verify-code', '/mfa/validate-code'])('POST /api/v1%s', (path) => {
  it('takes a code from the body or the query, and each once', async () => {
    const { headers, secret, backupCodes } = await enrolUser(app)
    const valid = async (answer: Promise<Response>) => (await (await answer).json<{ valid: boolean }>()).valid
    const code = totpAt(secret, app.clock.now)
    expect(await valid(post(path, { code }, headers))).toBe(true)
    expect(await valid(post(path, { code }, headers))).toBe(false)
    const query = new URLSearchParams({ code: backupCodes[0] ?? '' })
    const byQuery = () => app.fetch(`/api/v1${path}?${query}`, { method: 'POST', headers })
    expect(await valid(byQuery())).toBe(true)
    expect(await valid(byQuery())).toBe(false)
  })

  it('is 400 without a second factor or without a code', async () => {
    const { headers } = await signUpUser(app)
    expect(await outcomeOf(post(path, { code: '123456' }, headers))).toEqual([400, 'MFA_NOT_ENABLED'])
    const enrolled = await enrolQuickly(app)
    expect(await outcomeOf(post(path, {}, enrolled.headers))).toEqual([400, 'VALIDATION_ERROR'])
  })
})

describe.each(['/mfa/backup-codes/regenerate', '/mfa/regenerate-backup-codes'])('POST /api/v1%s', (path) => {
  it('answers ten new codes, and voids the old ones', async () => {
    const { headers, backupCodes, user } = await proveSecondFactor(app, await enrolUser(app))
    const answer = await post(path, {}, headers)
    const body = await answer.json<{ backup_codes: string[]; generated_at: string }>()
    expect([answer.status, body.generated_at]).toEqual([200, new Date(app.clock.now).toISOString()])
    expect(new Set([...body.backup_codes, ...backupCodes]).size).toBe(20)
    const verify = async (code: string | undefined) =>
      (await post('/mfa/backup-codes/verify', { code }, headers)).json<{ valid: boolean; remaining: number }>()
    expect(await verify(backupCodes[0])).toMatchObject({ valid: false, remaining: 10 })
    expect(await verify(body.backup_codes[0])).toMatchObject({ valid: true, remaining: 9 })
    expect(await recordedOf(user.id, 'backup_codes.regenerated')).toHaveLength(1)
  })

  it('wants a fresh second factor, given in the body or the query', async () => {
    const { headers, user, secret } = await ageSession(app, await enrolQuickly(app))
    expect(await outcomeOf(post(path, {}, headers))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await outcomeOf(post(path, { password: 'wrong' }, headers))).toEqual([400, 'INVALID_PASSWORD'])
    expect(await outcomeOf(post(path, { password: PASSWORD }, headers))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await rowsOf('backup_codes', user.id)).toHaveLength(0)
    const query = new URLSearchParams({ code: totpAt(secret, app.clock.now) })
    expect((await app.fetch(`/api/v1${path}?${query}`, { method: 'POST', headers })).status).toBe(200)
    expect(await rowsOf('backup_codes', user.id)).toHaveLength(10)
  })

  it('is 400 without a second factor', async () => {
    const { headers } = await signUpUser(app)
    expect(await outcomeOf(post(path, { password: PASSWORD }, headers))).toEqual([400, 'MFA_NOT_ENABLED'])
  })

  it('leaves one whole set when it is asked twice at once', async () => {
    const { headers, user } = await proveSecondFactor(app, await enrolQuickly(app))
    const both = await Promise.all([1, 2].map(() => post(path, {}, headers)))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    const rows = (await rowsOf('backup_codes', user.id)) as { salt: string }[]
    expect([rows.length, new Set(rows.map(({ salt }) => salt)).size]).toEqual([10, 1])
  })
})
