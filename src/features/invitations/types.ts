import { DAY, HOUR } from '../../lib/time.ts'

export const INVITATION_STATUSES = ['pending', 'accepted', 'expired', 'revoked'] as const
export type InvitationStatus = (typeof INVITATION_STATUSES)[number]

/** What proves the mailbox, and what only who may invite sees. */
export type TokenKind = 'mail' | 'url'

/** What a token says. `counter` is the invitation's when the token was made. */
export interface TokenParts {
  readonly id: string
  readonly kind: TokenKind
  readonly counter: number
}

export const LIFETIME_DAYS = { usual: 7, most: 30 } as const
export const MAX_MESSAGE_LENGTH = 500
export const MAX_BULK = 100

/** How many invitations are sent. A resend counts as one, and an addition by id too. */
export const SENT_BY_AUTHOR = { limit: 100, windowMs: HOUR }
export const SENT_BY_ORGANIZATION = { limit: 200, windowMs: DAY }
export const SENT_TO_ADDRESS = { limit: 2, windowMs: HOUR }
/** By all organizations: few enough for a mailbox, too many for a stranger to keep others from inviting. */
export const SENT_TO_ADDRESS_BY_ALL = { limit: 20, windowMs: HOUR }
