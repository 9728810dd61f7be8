import type { Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { type MessageParams, translate } from '../../localization/service.ts'
import type { Notice, NoticeKind, User } from '../types.ts'

/** A notification is an event alone: the user's sockets and `platform` get it, the record keeps it, no table has it. */
const draftOf = (userId: string, actor: EventActor, notice: Notice): EventDraft => ({
  type: 'notification.created',
  subject: userId,
  userId,
  actor,
  data: { kind: notice.kind, title: notice.title, message: notice.message },
})

export interface ToldUser {
  readonly user: Pick<User, 'id' | 'locale'>
  readonly kind: NoticeKind
  readonly actor: EventActor
  readonly params?: MessageParams
}

/** In the user's language; for the batch of the change that it tells of. */
export function noticeOf({ user, kind, actor, params }: ToldUser): EventDraft {
  const title = translate(user.locale, `notification.${kind}.title`, params)
  const message = translate(user.locale, `notification.${kind}.message`, params)
  return draftOf(user.id, actor, { kind, title, message })
}

/** As `noticeOf`, of what was written before. */
export const notifyUser = (ctx: Ctx, told: ToldUser): Promise<void> => record(ctx, noticeOf(told))

/** A message in somebody's own words. That the user exists is for the caller to know. */
export const sendNotice = (ctx: Ctx, input: { userId: string; actor: EventActor; notice: Notice }): Promise<void> =>
  record(ctx, draftOf(input.userId, input.actor, input.notice))
