import { desc, eq } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { mailbox } from './tables.ts'
import type { StoredMail } from './types.ts'

const PAGE = 100

export async function insertMail({ db }: Pick<Ctx, 'db'>, { to, ...mail }: StoredMail): Promise<void> {
  await db.insert(mailbox).values({ recipient: to, ...mail })
}

/** Newest first. */
export const listMails = ({ db }: Pick<Ctx, 'db'>, recipient: string | null): Promise<StoredMail[]> =>
  db
    .select({
      to: mailbox.recipient,
      subject: mailbox.subject,
      text: mailbox.text,
      html: mailbox.html,
      createdAt: mailbox.createdAt,
    })
    .from(mailbox)
    .where(recipient === null ? undefined : eq(mailbox.recipient, recipient))
    .orderBy(desc(mailbox.position))
    .limit(PAGE)
