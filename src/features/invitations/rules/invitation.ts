import { ADMIN, isRanked, type Rank, toRank } from '../../../lib/roles.ts'
import type { InvitationStatus } from '../types.ts'

/** The rank that it takes to invite with a role, and to change such an invitation. */
export const rankFor = (role: string): Rank => (toRank(role) === 'owner' ? 'owner' : 'admin')

/** Whoever answers for an invitation, as the database has them. */
interface Author {
  readonly authorStatus: string | null
  readonly authorPlatformRole: string | null
  /** The role of a membership that counts. */
  readonly authorRole: string | null
}

/** What the author may do in the organization; null when nothing any more. */
export function authorRankOf({ authorStatus, authorPlatformRole, authorRole }: Author): Rank | null {
  if (authorStatus !== 'active' && authorStatus !== 'pending') return null
  if (authorPlatformRole === ADMIN) return 'owner'
  return authorRole === null ? null : toRank(authorRole)
}

/** What has become of an invitation. One whose author may no longer give its role is as good as revoked. */
export function statusOf(
  invitation: Author & { readonly status: string; readonly role: string; readonly expiresAt: number },
  now: number,
): InvitationStatus {
  const { status, role, expiresAt } = invitation
  if (status === 'accepted' || status === 'expired') return status
  if (status !== 'pending') return 'revoked'
  if (expiresAt <= now) return 'expired'
  return isRanked(authorRankOf(invitation), rankFor(role)) ? 'pending' : 'revoked'
}

const ADDRESS = /:\/\/|www\.|[\p{L}\p{N}]\.\p{L}{2}|[a-z0-9]\u3002[a-z]{2}/iu

/** Whether mail programs find no address in a text, in whatever dots: a mail of ours must not lead to a stranger's page. */
export const isLinkFree = (text: string): boolean => !ADDRESS.test(text.normalize('NFKC'))

/** A text between quotes, which it can neither end nor turn around. */
export const unquoted = (text: string): string =>
  text.replaceAll(/["“”„«»]/gu, "'").replaceAll(/\p{Bidi_Control}/gu, '')
