import type { Ctx } from '../../../../context.ts'
import type { EndedSessions } from '../../../mail/types.ts'
import { sendNotice } from '../../../users/service/notices.ts'
import { findUser, isEmailConfirmed } from '../../../users/service/users.ts'
import type { Passkey } from '../types.ts'

interface Change {
  readonly kind: 'factor_added' | 'factor_removed'
  /** The sessions that ended with it. */
  readonly ended: EndedSessions
}
type Told = Pick<Passkey, 'id' | 'userId' | 'name'>

/** Tells the user by mail, behind the answer: the change stands whether or not the mail can be written. */
export const tellOfPasskey = (ctx: Ctx, change: Change, passkey: Told): void => ctx.defer(notify(ctx, change, passkey))

/** What people are told a passkey by. */
export const nameOf = ({ name }: Pick<Passkey, 'name'>): string => (name === null ? 'Passkey' : `Passkey (${name})`)

async function notify(ctx: Ctx, { kind, ended }: Change, { id, userId, name }: Told): Promise<void> {
  const user = await findUser(ctx, userId)
  if (!user) return
  // Nobody who has the address has answered for the account: whoever made it must not write them a line of their own.
  const factor = nameOf({ name: isEmailConfirmed(user) ? name : null })
  const added = kind === 'factor_added' ? { added: { kind: 'passkey', id } as const } : {}
  await sendNotice(ctx, user, { kind, params: { factor, ended }, ...added })
}
