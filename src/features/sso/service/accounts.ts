import type { Ctx } from '../../../context.ts'
import { notAMember } from '../../../lib/errors.ts'
import { ADMIN, toRank } from '../../../lib/roles.ts'
import { findDomainOwner } from '../../domains/service.ts'
import {
  findIdentity,
  linkIdentity,
  linkingOf,
  notifyLink,
  recordIdentityUse,
} from '../../factors/identities/service.ts'
import type { Identity, IdentityKey, ProvedIdentity } from '../../factors/identities/types.ts'
import { SignInRefused } from '../../federation/errors.ts'
import { createUserWith } from '../../federation/service/new-account.ts'
import { findPlace } from '../../memberships/service.ts'
import { SSO } from '../../sessions/types.ts'
import { takeoverParts } from '../../sign-in/service/takeover.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { findEmailHolder } from '../../users/service/former-addresses.ts'
import { updateProfile } from '../../users/service/profile.ts'
import {
  findUser,
  findUserByEmail,
  isEmailConfirmed,
  isSignInAllowed,
  mailDomainOf,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { ssoAuthenticationError } from '../errors.ts'
import { updateOwnerSignIn } from '../store/connections.ts'
import { hasChanged, mayBeLinked, mayBeTakenOver } from '../store/identities.ts'
import { isUsable, type SeenConfiguration } from './configuration.ts'
import { join, mapRole } from './membership.ts'
import { providerNameOf } from './provider.ts'
import type { SsoPerson } from './read-person.ts'

type Reason = 'domain' | 'no_email' | 'email_not_verified' | 'platform_admin' | 'account_closed' | 'raced'

function refuse(ctx: Pick<Ctx, 'log'>, { id }: SeenConfiguration, reason: Reason) {
  ctx.log.info('sso_refused', { connection: id, reason })
  return new SignInRefused(ssoAuthenticationError, reason)
}

export interface SsoSettled {
  readonly user: User
  readonly isNew: boolean
  readonly key: IdentityKey
  /** The organization of the session. */
  readonly organizationId: string
}

/**
 * Whose account a person of an organization's provider signs in to. It speaks for addresses in domains that its organization has
 * verified, at every sign-in, and never for an admin of the platform; nobody else's people can be signed in by it. Who is no
 * member becomes one where the organization wants that. Throws SSO_AUTHENTICATION_ERROR, NOT_A_MEMBER, LIMIT_REACHED.
 */
export async function settlePerson(ctx: Ctx, configuration: SeenConfiguration, person: SsoPerson): Promise<SsoSettled> {
  const { id: connectionId, organizationId, name } = configuration
  const proved: ProvedIdentity = {
    ...person,
    connectionId,
    provider: 'sso',
    providerLabel: name ?? providerNameOf(configuration),
  }
  const identity = await findIdentity(ctx, proved)
  const found = identity ? await findUser(ctx, identity.userId) : await findHolder(ctx, configuration, person)
  if (found) await requireAdmitted(ctx, configuration, found)
  const place = found && (await findPlace(ctx, { id: organizationId }, found.id))
  const membership = place?.membership ?? null
  const rank = membership?.takenUpAt ? toRank(membership.role) : null
  // What a directory suspended stays so.
  if (rank === null && (!configuration.jitProvisioning || membership?.suspendedAt)) throw notAMember()
  const user = found
    ? await linkedTo(ctx, configuration, { user: found, identity, proved })
    : await makeAccount(ctx, configuration, proved)
  if (rank === null) await join(ctx, configuration, { user, membership })
  // Whoever has joined is read again.
  const standing = rank === null ? await findPlace(ctx, { id: organizationId }, user.id) : place
  if (standing) await mapRole(ctx, configuration, { ...standing, user, groups: person.groups })
  if (found && configuration.syncProfile) ctx.defer(syncProfile(ctx, user, proved))
  if (rank === 'owner') await updateOwnerSignIn(ctx, configuration)
  const { issuer, subject } = proved
  return { user, isNew: !found, key: { connectionId, issuer, subject }, organizationId }
}

/** Names as the provider has them now; what it does not say stays. */
async function syncProfile(ctx: Ctx, user: User, { profile }: ProvedIdentity): Promise<void> {
  const changes = Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== undefined))
  await updateProfile(ctx, { user, changes, actor: SSO })
}

/** Whether the connection speaks for an address, as things are now. */
async function speaksFor(ctx: Ctx, configuration: SeenConfiguration, email: string): Promise<boolean> {
  const domain = mailDomainOf(email)
  const owner = await findDomainOwner(ctx, domain)
  return owner?.organizationId === configuration.organizationId && isUsable(configuration, domain)
}

/** The account that has the address of a person whom nobody has seen yet. */
async function findHolder(ctx: Ctx, configuration: SeenConfiguration, person: SsoPerson): Promise<User | undefined> {
  const { email, isEmailVerified } = person
  if (email === null) throw refuse(ctx, configuration, 'no_email')
  if (!isEmailVerified) throw refuse(ctx, configuration, 'email_not_verified')
  if (!(await speaksFor(ctx, configuration, email))) throw refuse(ctx, configuration, 'domain')
  return findUserByEmail(ctx, email)
}

/** The account's own address decides, not the one that the provider says today: an identity may have been another's. */
async function requireAdmitted(ctx: Ctx, configuration: SeenConfiguration, user: User): Promise<void> {
  if (user.role === ADMIN) throw refuse(ctx, configuration, 'platform_admin')
  if (!(await speaksFor(ctx, configuration, user.email))) throw refuse(ctx, configuration, 'domain')
  if (!isSignInAllowed(user)) throw refuse(ctx, configuration, 'account_closed')
}

async function linkedTo(
  ctx: Ctx,
  configuration: SeenConfiguration,
  { user, identity, proved }: { user: User; identity: Identity | undefined; proved: ProvedIdentity },
): Promise<User> {
  if (identity) {
    ctx.defer(recordIdentityUse(ctx, identity, proved))
    return user
  }
  if (!isEmailConfirmed(user))
    return (
      (await takeOver(ctx, configuration, { user, proved })) ?? requireLinkedTo(ctx, configuration, { user, proved })
    )
  const isLinked = await linkIdentity(ctx, { user, proved, when: mayBeLinked(user, configuration) })
  return isLinked ? user : requireLinkedTo(ctx, configuration, { user, proved })
}

/**
 * A stranger may have made the account, to share it once its holder signs in: all that was set up there goes in the batch that
 * links the identity (decision 102). Undefined when something was changed since it was read.
 */
async function takeOver(
  ctx: Ctx,
  configuration: SeenConfiguration,
  { user, proved }: { user: User; proved: ProvedIdentity },
): Promise<User | undefined> {
  const { id: userId } = user
  const when = mayBeTakenOver(user, configuration, proved)
  const { statement, event, id } = linkingOf(ctx, { userId, proved, when })
  const takeoverBy = (allowed: typeof when) => takeoverParts(ctx, user, { by: { allowed }, answer: null })
  // Once it is linked, the identity is not unknown any more.
  const { set, when: isLinked, ends, events } = takeoverBy(hasChanged)
  const changed = await changeUser(ctx, {
    userId,
    set,
    when: isLinked,
    ends,
    actor: SSO,
    with: [...takeoverBy(when).with, statement],
    events: [...events, event],
  })
  if (!changed) return undefined
  notifyLink(ctx, changed.user, { proved, id })
  return changed.user
}

/** After a racing sign-in of the same person. */
async function requireLinked(ctx: Ctx, configuration: SeenConfiguration, proved: ProvedIdentity): Promise<User> {
  const identity = await findIdentity(ctx, proved)
  const user = identity && (await findUser(ctx, identity.userId))
  if (!user) throw refuse(ctx, configuration, 'raced')
  await requireAdmitted(ctx, configuration, user)
  return user
}

async function requireLinkedTo(
  ctx: Ctx,
  configuration: SeenConfiguration,
  { user, proved }: { user: User; proved: ProvedIdentity },
): Promise<User> {
  const linked = await requireLinked(ctx, configuration, proved)
  if (linked.id !== user.id) throw refuse(ctx, configuration, 'raced')
  return linked
}

async function makeAccount(ctx: Ctx, configuration: SeenConfiguration, proved: ProvedIdentity): Promise<User> {
  const { email } = proved
  // One that was changed lately is kept for its account.
  if (email === null || (await findEmailHolder(ctx, email))) throw refuse(ctx, configuration, 'raced')
  // The domain is the organization's: its provider knows whose mailbox that is.
  const made = await createUserWith(ctx, email, { proved, isConfirmed: true })
  return made ?? requireLinked(ctx, configuration, proved)
}
