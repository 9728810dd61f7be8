import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { findUser, isEmailConfirmed, recipientOf } from '../../users/service/users.ts'
import { markAuthorLossTold, selectAuthorless, selectResponsible, selectUntold } from '../store.ts'
import type { WebhookRow } from '../tables.ts'
import { hostOf, tellObject } from './endpoints.ts'

const PEOPLE_TOLD = 10
const PER_RUN = 50

/** Once a day an endpoint: whoever turns it on again and again must not fill the mailboxes of the others. */
async function mayTellAgain({ objects }: Ctx, id: string): Promise<boolean> {
  const { allowed } = await objects.guard(id).use({ subject: `webhook-disabled:${id}`, limit: 1, windowMs: DAY })
  return allowed
}

/** Mails those who may change the endpoint. What fails is logged: the change that it is about stands. */
export async function tellResponsible(
  ctx: Ctx,
  row: WebhookRow,
  kind: 'webhook_disabled' | 'webhook_author_left',
): Promise<void> {
  if (!canMail(ctx)) return
  if (kind === 'webhook_disabled' && !(await mayTellAgain(ctx, row.id))) return
  const ids = row.userId === null ? await selectResponsible(ctx, row, PEOPLE_TOLD) : [row.userId]
  for (const id of ids) {
    const user = await findUser(ctx, id)
    if (!user || !isEmailConfirmed(user)) continue
    ctx.defer(queueMail(ctx, { kind, ...recipientOf(user), params: { host: hostOf(row) } }))
  }
}

/** Cron: tells objects that have not heard of their rows, the new ones among them. */
export async function tellObjects(ctx: Ctx): Promise<void> {
  const untold = await selectUntold(ctx, PER_RUN)
  await Promise.all(untold.map((known) => tellObject(ctx, known)))
}

/** Cron: tells the others, once, that an endpoint goes on though its author may no longer change it. */
export async function tellOfAuthorless(ctx: Ctx): Promise<void> {
  if (!canMail(ctx)) return
  for (const row of await selectAuthorless(ctx, PER_RUN)) {
    const [marked] = await markAuthorLossTold(ctx, row.id, ctx.now())
    if (marked) await tellResponsible(ctx, row, 'webhook_author_left')
  }
}
