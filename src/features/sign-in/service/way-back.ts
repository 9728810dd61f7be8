import type { Ctx } from '../../../context.ts'
import { findFormerAddress } from '../../users/service/former-addresses.ts'
import type { User } from '../../users/types.ts'
import { mailDeletion } from './account-restore.ts'
import { mailRevertLink } from './email-revert.ts'
import { mayMailLink } from './mailed-links.ts'

/**
 * For an address that somebody asks for, and that lets nobody in: mails its holder the way back. `user` is whose it is, if
 * anybody's: a deleted account is restored, and to one that had the address before it is brought back. Counted as other
 * links are. False when the address is free.
 */
export async function mailWayBack(ctx: Ctx, email: string, user: User | undefined): Promise<boolean> {
  if (user) {
    await mailDeletion(ctx, user)
    return true
  }
  const former = await findFormerAddress(ctx, email)
  if (!former) return false
  if (await mayMailLink(ctx, 'email_changed', former)) await mailRevertLink(ctx, former)
  return true
}
