import { describe, expect, it } from 'vitest'
import { sendMail } from '../../../src/features/mail/service.ts'
import { createTestApp } from '../../support/app.ts'

const mailTo = (to: string, subject = 'Hello') => ({ to, subject, text: 'text', html: '<p>text</p>' })
const freshAddress = () => `${crypto.randomUUID()}@example.test`

describe('the local mailbox', () => {
  it('holds what was sent to an address, newest first', async () => {
    const app = createTestApp()
    const to = freshAddress()
    await sendMail(await app.ctx(), mailTo(to, 'first'))
    await sendMail(await app.ctx(), mailTo(freshAddress(), 'to another'))
    await sendMail(await app.ctx(), mailTo(to.toUpperCase(), 'second'))
    const answer = await app.fetch(`/dev/mailbox?to=${to}`)
    expect(answer.status).toBe(200)
    const mails = await answer.json<{ subject: string; created_at: string }[]>()
    expect(mails.map(({ subject }) => subject)).toEqual(['second', 'first'])
    expect(mails[1]).toEqual({ ...mailTo(to, 'first'), created_at: expect.stringMatching(/Z$/) })
  })

  it('is empty for an address that got nothing', async () => {
    const answer = await createTestApp().fetch(`/dev/mailbox?to=${freshAddress()}`)
    expect(await answer.json()).toEqual([])
  })
})

describe('a deployment without a mail transport', () => {
  it('refuses to send, and keeps nothing', async () => {
    const to = freshAddress()
    const production = createTestApp({ env: { MODE: 'production', PUBLIC_URL: 'https://auth.example.test' } })
    await expect(sendMail(await production.ctx(), mailTo(to))).rejects.toMatchObject({ code: 'CONFIGURATION_ERROR' })
    expect(await (await createTestApp().fetch(`/dev/mailbox?to=${to}`)).json()).toEqual([])
  })
})
