import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import type { Rank } from '../../../lib/roles.ts'
import { SECOND } from '../../../lib/time.ts'
import { linkTo } from '../../links/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { limitReached } from '../../memberships/service.ts'
import type { Invitation } from '../../memberships/tables.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { findUserByEmail, fullNameOf, recipientOf } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { isLinkFree, unquoted } from '../rules/invitation.ts'
import { invitationTokenEncoder } from '../rules/token.ts'
import {
  SENT_BY_AUTHOR,
  SENT_BY_ORGANIZATION,
  SENT_TO_ADDRESS,
  SENT_TO_ADDRESS_BY_ALL,
  type TokenKind,
} from '../types.ts'

interface Sending {
  readonly authorId: string
  readonly organizationId: string
  /** Normalized. */
  readonly email: string
}

/**
 * Counts what is sent to an address, exactly; returns what takes the count back. Throws LIMIT_REACHED: for the author, the
 * organization or the address, and then nothing is counted. Of an address the answer is always the same: another would tell that
 * others invite it, and when.
 */
export async function countSent(
  { objects }: Pick<Ctx, 'objects'>,
  { authorId, organizationId, email }: Sending,
): Promise<() => Promise<void>> {
  const address = await hashSecret(email)
  const rules = [
    { shard: authorId, subject: `invitations-by:${authorId}`, ...SENT_BY_AUTHOR },
    { shard: organizationId, subject: `invitations-of:${organizationId}`, ...SENT_BY_ORGANIZATION },
    { shard: address, subject: `invitations-to:${address}:${organizationId}`, ...SENT_TO_ADDRESS },
    { shard: address, subject: `invitations-to:${address}`, ...SENT_TO_ADDRESS_BY_ALL },
  ]
  const counted: (typeof rules)[number][] = []
  const takeBack = async () => {
    for (const { shard, subject } of counted) await objects.guard(shard).giveBackUse({ subject })
  }
  for (const { shard, ...rule } of rules) {
    const { allowed, retryAfterMs } = await objects.guard(shard).use(rule)
    if (!allowed) {
      await takeBack()
      if (shard === address)
        throw limitReached({ limit: SENT_TO_ADDRESS.limit, retry_after: SENT_TO_ADDRESS.windowMs / SECOND })
      throw limitReached({ limit: rule.limit, retry_after: Math.ceil(retryAfterMs / SECOND) })
    }
    counted.push({ shard, ...rule })
  }
  return takeBack
}

/** A function that makes the links of invitations. */
export async function invitationLinks(ctx: Pick<Ctx, 'config'>) {
  const encode = await invitationTokenEncoder(ctx.config.rootKeys)
  return ({ id, counter }: Pick<Invitation, 'id' | 'counter'>, kind: TokenKind): string =>
    linkTo(ctx, '/invitations/accept', encode({ id, kind, counter }))
}

/** A name as it may stand in our mail: without quotes, and none that mail programs make a link of. */
const nameOr = (name: string | null, instead: string): string => unquoted(name && isLinkFree(name) ? name : instead)

type Author = Pick<User, 'email' | 'displayName' | 'firstName' | 'lastName' | 'locale'>

/** An organization's name in our mail, and on our page. */
export const organizationIn = ({ name, slug }: { name: string; slug: string }): string => nameOr(name, slug)

/** Who invites, in our mail and on our page. */
export function inviterIn(author: Omit<Author, 'locale'>): string {
  const name = fullNameOf(author)
  return name && isLinkFree(name) ? `${unquoted(name)} (${author.email})` : author.email
}

interface Inviting {
  readonly organization: { readonly name: string; readonly slug: string }
  readonly author: Author
}

/** Mails an invitation. False when no mail is on its way: then its link can be passed on, or it can be sent again. */
export async function mailInvitation(
  ctx: Ctx,
  invitation: Invitation,
  { organization, author }: Inviting,
): Promise<boolean> {
  if (!canMail(ctx)) return false
  try {
    const user = await findUserByEmail(ctx, invitation.email)
    const { email: to, message, expiresAt: until } = invitation
    const recipient = user ? recipientOf(user) : { to, userId: null, locale: author.locale }
    const params = {
      link: (await invitationLinks(ctx))(invitation, 'mail'),
      organization: organizationIn(organization),
      inviter: inviterIn(author),
      role: invitation.role as Rank,
      message: message === null ? null : unquoted(message),
      until,
    }
    await queueMail(ctx, { kind: 'invitation', ...recipient, params })
    return true
  } catch (cause) {
    ctx.log.error('invitation_not_mailed', cause, { invitation: invitation.id })
    return false
  }
}

/** Tells a user in the background that they were added to an organization, and may take that up. */
export function mailAddition(
  ctx: Ctx,
  user: User,
  { organization, author, role, until }: Inviting & { role: Rank; until: number },
): void {
  const params = { organization: organizationIn(organization), inviter: inviterIn(author), role, until }
  ctx.defer(queueMail(ctx, { kind: 'member_added', ...recipientOf(user), params }))
}
