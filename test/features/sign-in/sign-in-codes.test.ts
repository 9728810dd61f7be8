import { describe, expect, it } from 'vitest'
import { createTestApp, env, json } from '../../support/app.ts'
import { newEmail } from '../../support/users.ts'
import { PAGE, send, setUser, submit, verifiedUser } from './magic-link-support.ts'
import { mailedToken, mailedTokens } from './mails.ts'
import { answerOf, app, expectSession, post, type Session } from './support.ts'

const codeOn = async (page: Response): Promise<string> => {
  const [, code = ''] = /<code>([^<]+)<\/code>/.exec(await page.text()) ?? []
  return code
}

/** A code as its page shows it, and the half of whoever asked. */
async function shownCode(email: string, body: Record<string, unknown> = {}) {
  const [, { binding }] = await send(email, body)
  const code = await codeOn(await submit(await mailedToken(app, email, PAGE)))
  return { code, binding: String(binding) }
}

const use = (token: string, binding?: string) => post('magic-link/verify', { token, binding })

const REPLACED: Readonly<Record<string, string>> = { '2': '3' }

/** Another code of the same form. */
const wrong = (code: string): string => `${REPLACED[code.charAt(0)] ?? '2'}${code.slice(1)}`

const rowOf = async (email: string) =>
  env.DB.prepare("select token_hash, data from one_time_tokens where purpose = 'sign_in_code' and email = ?")
    .bind(email)
    .first<{ token_hash: string; data: string }>()

const triesOf = async (email: string): Promise<number> => JSON.parse((await rowOf(email))?.data ?? '{}').tries ?? 0

const WITHOUT_HALF = [undefined, '', 'x', `pmb_${'A'.repeat(43)}`]

describe('the code on the page of a sign-in link', () => {
  it('has eight characters, and signs in with the half that was answered, however it is typed', async () => {
    for (const typed of [(code: string) => code, (code: string) => code.replace('-', ' ').toLowerCase()]) {
      const { email } = await verifiedUser()
      const { code, binding } = await shownCode(email)
      expect(code).toMatch(/^[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}$/)
      const answer = await use(typed(code), binding)
      expect(answer.status).toBe(200)
      expectSession(await answer.json<Session>())
    }
  })

  it('makes an account for a new address', async () => {
    const email = newEmail()
    const { code, binding } = await shownCode(email)
    expect(await answerOf(use(code, binding))).toMatchObject([200, { user: { email, email_verified: true } }])
  })

  it('works for whoever bound the link as well', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email, { bind: true })
    expect((await use(code)).status).toBe(400)
    expect((await use(code, binding)).status).toBe(200)
  })

  it('is not tried and not counted without the half', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    for (const half of [...WITHOUT_HALF, ...WITHOUT_HALF]) expect((await use(code, half)).status).toBe(400)
    expect(await triesOf(email)).toBe(0)
    expect((await use(code, binding)).status).toBe(200)
  })

  it('is nothing to another asker, for the same address too', async () => {
    const [mine, other] = [await verifiedUser(), await verifiedUser()]
    const { code, binding } = await shownCode(mine.email)
    const stranger = await shownCode(other.email)
    const [, again] = await send(mine.email)
    expect((await use(code, stranger.binding)).status).toBe(400)
    expect((await use(code, String(again.binding))).status).toBe(400)
    expect((await use(stranger.code, binding)).status).toBe(400)
    expect((await use(code, binding)).status).toBe(200)
  })

  it('works once, and once of five uses at once', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    const all = await Promise.all(Array.from({ length: 5 }, () => use(code, binding)))
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400])
    expect((await use(code, binding)).status).toBe(400)
  })

  it('works at the fifth try, and not at the sixth', async () => {
    for (const [failures, status] of [
      [4, 200],
      [5, 400],
    ] as const) {
      const { email } = await verifiedUser()
      const { code, binding } = await shownCode(email)
      for (let tries = 0; tries < failures; tries += 1) expect((await use(wrong(code), binding)).status).toBe(400)
      expect((await use(code, binding)).status).toBe(status)
    }
  })

  it('compares five of twenty guesses that race', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    await Promise.all(Array.from({ length: 20 }, () => use(wrong(code), binding)))
    expect(await triesOf(email)).toBe(5)
    expect((await use(code, binding)).status).toBe(400)
  })

  it('works for ten minutes', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    const after = (ms: number) =>
      createTestApp({ override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }) }).fetch(
        '/api/v1/auth/magic-link/verify',
        json({ token: code, binding }),
      )
    expect((await after(10 * 60_000 + 1)).status).toBe(400)
    expect((await after(9 * 60_000)).status).toBe(200)
  })

  it('is stored as a hash, under the hash of the half', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    const row = JSON.stringify(await rowOf(email))
    for (const secret of [code, code.replace('-', ''), binding]) expect(row).not.toContain(secret)
  })

  it('has one answer for a wrong code, a missing half, a used code and one that never was', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    const answers = [
      await answerOf(use(wrong(code), binding)),
      await answerOf(use(code)),
      await answerOf(use('ABCD-EFGH', `pmb_${'B'.repeat(43)}`)),
    ]
    await use(code, binding)
    answers.push(await answerOf(use(code, binding)))
    expect(answers[0]).toMatchObject([400, { code: 'INVALID_TOKEN' }])
    for (const answer of answers) expect(answer).toEqual(answers[0])
  })

  it('is void once its user is suspended', async () => {
    const { email, user } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    await setUser(user.id, "status = 'suspended'")
    expect((await use(code, binding)).status).toBe(400)
  })

  it('is for the first asker when the link is sent again from its page, and replaces the code before', async () => {
    const { email } = await verifiedUser()
    const { code, binding } = await shownCode(email)
    const [old = ''] = await mailedTokens(app, email, PAGE)
    const again = await app.fetch('/new-link', {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://127.0.0.1:8787' },
      body: new URLSearchParams({ token: old }).toString(),
    })
    expect(again.status).toBe(200)
    const renewed = await codeOn(await submit(await mailedToken(app, email, PAGE, 2)))
    expect((await use(code, binding)).status).toBe(400)
    expect((await use(renewed, binding)).status).toBe(200)
  })
})
