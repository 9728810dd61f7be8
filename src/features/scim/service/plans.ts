import { type DirectoryCtx, directoryActorOf } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { findDomainOwner } from '../../domains/service.ts'
import { updateMembership } from '../../memberships/service.ts'
import { ownedEmailParts } from '../../sign-in/service/email-change.ts'
import { takeoverParts } from '../../sign-in/service/takeover.ts'
import type { UserChange } from '../../users/service/change-user.ts'
import { findEmailHolder } from '../../users/service/former-addresses.ts'
import { profileParts } from '../../users/service/profile.ts'
import { type StateChange, stateEvents, stateParts } from '../../users/service/state.ts'
import {
  isEmail,
  isEmailConfirmed,
  isPlainText,
  isSignInAllowed,
  mailDomainOf,
  normalizeEmail,
} from '../../users/service/users.ts'
import { at, uniqueness } from '../errors.ts'
import { addressOf, flowing } from '../rules/profile.ts'
import { selectDefaultRole } from '../store/directories.ts'
import {
  all,
  type always,
  holds,
  isAsRead,
  isDomainOf,
  isFree,
  isNoOwner,
  isOfDomains,
  joining,
  type ScimUser,
} from '../store/records.ts'
import type { UserAttributes } from '../types.ts'
import { type Account, added, entering, suspending, takingUp } from './membership.ts'

type Condition = typeof always

type Events = readonly UserChange['events'][number][]

/** What a write of a record means for the account behind it. */
export interface Plan {
  readonly userId: string | null
  readonly invitationId: string | null
  /** The address that is to be invited once the record is there. */
  readonly invites: string | null
  /** What must hold when the record is written. */
  readonly when: Condition
  /** For the batch, once `written` holds. */
  effects(written: Condition): Effects
}

export interface Effects {
  readonly with: readonly Statement[]
  /** What happens to the account's row; null for nothing. */
  readonly change: Pick<UserChange, 'set' | 'when' | 'changesClaims' | 'ends'> | null
  readonly events: Events
  readonly told: StateChange | null
  readonly emailChanged: boolean
}

export const NOTHING: Effects = { with: [], change: null, events: [], told: null, emailChanged: false }

/** A record as it is to become; deleted where `attributes` are those of before and `isDeleted`. */
export interface Wanted {
  readonly before: ScimUser | null
  readonly attributes: UserAttributes
  readonly isDeleted: boolean
}

/** The address of the person, as accounts have it. */
export const normalizedAddress = (attributes: UserAttributes): string | null => {
  const address = addressOf(attributes, isEmail)
  return address === null ? null : normalizeEmail(address)
}

export const isActive = ({ attributes, isDeleted }: Wanted): boolean => attributes.active && !isDeleted

/** The directory says something new: it must not undo what an admin of the platform decided meanwhile. */
export const becomesActive = (wanted: Wanted): boolean => isActive(wanted) && wanted.before?.active !== true

/** What becomes of the account: its state, address, profile and membership, as far as the directory owns them. */
export function planFor(ctx: DirectoryCtx, wanted: Wanted, account: Account): Plan | Promise<Plan> {
  return account.isManaged ? planManaged(ctx, wanted, account) : planUnmanaged(ctx, wanted, account)
}
function stateChangeOf(wanted: Wanted, { user }: Account): 'deactivate' | 'activate' | null {
  if (!isActive(wanted)) return isSignInAllowed(user) ? 'deactivate' : null
  return becomesActive(wanted) && user.status === 'inactive' ? 'activate' : null
}

/**
 * The account is off already, by somebody else who may switch it on again: then the membership has to be. Of an inactive one only
 * where the directory says something new, for it may have been the directory.
 */
const isOff = (wanted: Wanted, { user }: Account): boolean =>
  !isActive(wanted) && (user.status !== 'inactive' || wanted.before?.active === true)

/** The new address of the account. Throws SCIM_UNIQUENESS for one that is another's, outside the organization's domains, or of an owner. */
async function newEmailOf(ctx: DirectoryCtx, { before, attributes, isDeleted }: Wanted, { user }: Account) {
  const address = normalizedAddress(attributes)
  if (isDeleted || address === null || address === user.email) return null
  if (before && address === normalizedAddress(before.attributes)) return null
  const isOwn = (await findDomainOwner(ctx, mailDomainOf(address)))?.organizationId === ctx.actor.organizationId
  const holder = await findEmailHolder(ctx, address)
  if (!isOwn || (holder !== undefined && holder !== user.id))
    throw at(uniqueness, 'The account cannot have this address')
  if (!(await holds(ctx, isNoOwner(user.id))))
    throw at(uniqueness, 'The account owns an organization: its owner alone changes its address')
  return address
}

async function planManaged(ctx: DirectoryCtx, wanted: Wanted, account: Account): Promise<Plan> {
  const { user, isNewlyLinked } = account
  const { organizationId } = ctx.actor
  const actor = directoryActorOf(ctx)
  const newEmail = isNewlyLinked ? null : await newEmailOf(ctx, wanted, account)
  const change = stateChangeOf(wanted, account)
  const profile = wanted.isDeleted
    ? null
    : profileParts({ user, changes: flowing(wanted.before?.attributes ?? null, wanted.attributes, isPlainText) })
  const isTakenOver = isNewlyLinked && !isEmailConfirmed(user)
  const mayEnter = isActive(wanted) && (isNewlyLinked || becomesActive(wanted))
  const enters = mayEnter ? entering(ctx, account, await selectDefaultRole(ctx, organizationId)) : null
  const suspends = change === null && isOff(wanted, account) ? suspending(ctx, account) : null
  const told = change && { change, events: await stateEvents(ctx, user, { change, actor }) }
  return {
    userId: user.id,
    invitationId: null,
    invites: null,
    when: all(
      isAsRead(user, { organizationId, isManaged: true }),
      enters?.when,
      suspends?.when,
      newEmail === null
        ? undefined
        : all(isDomainOf(organizationId, mailDomainOf(newEmail)), isFree(ctx, newEmail, user.id), isNoOwner(user.id)),
    ),
    effects: (written) => {
      const takeover = isTakenOver ? takeoverParts(ctx, user, { by: { allowed: written }, answer: null }) : null
      const email = newEmail === null ? null : ownedEmailParts(ctx, user, { newEmail, allowed: written })
      const state =
        told &&
        stateParts(ctx, user, {
          userId: user.id,
          change: told.change,
          actor,
          events: told.events,
          unless: { when: written },
        })
      const suspended = suspends && { ...suspends.effects(written), set: {} }
      const parts = [profile, takeover, email, state, suspended].filter((part) => part !== null)
      const entered = enters?.effects(written)
      const ends = [state, email, takeover].find((part) => part && 'ends' in part && part.ends)?.ends
      return {
        with: [entered, takeover, email, state, suspended].flatMap((part): readonly Statement[] => part?.with ?? []),
        change:
          parts.length === 0
            ? null
            : {
                set: Object.assign({}, ...parts.map(({ set }) => set)),
                when: all(written, takeover?.when, email?.when, state?.when),
                changesClaims: [state, email, suspended].some((part) => part !== null),
                ...(ends && { ends }),
              },
        events: [...parts.flatMap(({ events }): Events => events), ...(entered?.events ?? [])],
        told: change,
        emailChanged: newEmail !== null,
      }
    },
  }
}

/**
 * Of an account that the directory does not own it has the membership alone. One of its domains that its user has deleted, and may
 * restore, is the user's no longer to restore.
 */
export async function planUnmanaged(ctx: DirectoryCtx, wanted: Wanted, account: Account): Promise<Plan> {
  const { user, membership } = account
  const { organizationId } = ctx.actor
  const key = { organizationId, userId: user.id }
  const suspends = isActive(wanted) ? null : suspending(ctx, account)
  const lifts = becomesActive(wanted) && membership?.suspendedAt ? membership : null
  const isOwn = isOfDomains(organizationId, user.id)
  const bars = !isActive(wanted) && user.status === 'deleted' && user.userRestorable && (await holds(ctx, isOwn))
  return {
    userId: user.id,
    invitationId: wanted.before?.userId === user.id ? wanted.before.invitationId : null,
    invites: null,
    when: all(
      isAsRead(user, { organizationId, isManaged: false }),
      suspends?.when,
      bars ? isOwn : undefined,
      lifts ? joining({ ...key, isThere: true }) : undefined,
    ),
    effects: (written) => {
      if (lifts)
        return {
          ...NOTHING,
          with: [updateMembership(ctx, key, { set: takingUp(ctx, lifts), when: written })],
          events: [added(organizationId, { userId: user.id, role: lifts.role })],
        }
      if (!suspends && !bars) return NOTHING
      return {
        ...NOTHING,
        ...suspends?.effects(written),
        change: { set: bars ? { userRestorable: false } : {}, when: written, changesClaims: suspends !== null },
      }
    },
  }
}
