import { expect, vi } from 'vitest'
import type { MailKind } from '../../src/features/mail/types.ts'
import { env, type TestApp } from './app.ts'

export interface ReceivedMail {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** What the local mailbox holds for an address, newest first. */
export async function readMailbox(app: TestApp, to: string): Promise<ReceivedMail[]> {
  return (await app.fetch(`/dev/mailbox?to=${encodeURIComponent(to)}`)).json()
}

/** Waits until the queue has brought `count` mails to an address; newest first. */
export async function waitForMails(app: TestApp, to: string, count = 1): Promise<ReceivedMail[]> {
  return vi.waitFor(
    async () => {
      const mails = await readMailbox(app, to)
      expect(mails.length).toBeGreaterThanOrEqual(count)
      return mails
    },
    { timeout: 10_000, interval: 50 },
  )
}

/** The newest mail to an address, once there is one. */
export async function waitForMail(app: TestApp, to: string): Promise<ReceivedMail> {
  const [mail] = await waitForMails(app, to)
  if (!mail) throw new Error('there is no mail')
  return mail
}

/** The address behind the mail's button. */
export function linkIn({ text }: ReceivedMail): URL {
  const [link] = /https?:\/\/\S+/.exec(text) ?? []
  if (link === undefined) throw new Error('the mail has no link')
  return new URL(link)
}

/** Mails of a kind to an address that were accepted, sent or not, as the database has them. Waits for no queue. */
export async function acceptedMails(to: string, kind: MailKind): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare('select * from mails where recipient = ? and kind = ?').bind(to, kind).all()
  return results
}
