import type { Ctx } from '../../../context.ts'
import { DomainError, serviceUnavailable } from '../../../lib/errors.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { DAY, HOUR } from '../../../lib/time.ts'
import { findDomainOwner, findPolicy } from '../../domains/service.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findPlace, listOwnerIds, ssoRequiredAt } from '../../memberships/service.ts'
import type { SessionOrigin } from '../../sessions/types.ts'
import {
  findUser,
  isEmail,
  isEmailConfirmed,
  isSignInAllowed,
  listUsers,
  mailDomainOf,
  normalizeEmail,
  recipientOf,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { invalidCredentials } from '../errors.ts'
import { listSecondFactorsBefore } from './challenges.ts'

/** The refusal of whatever people with this address try, or null where no organization requires single sign-on of them. */
export async function findRequiredSso(ctx: Ctx, typed: string): Promise<DomainError | null> {
  const email = normalizeEmail(typed)
  if (!isEmail(email)) return null
  const owner = await findDomainOwner(ctx, mailDomainOf(email))
  return owner?.required ? ssoRequiredAt(ctx, { email }) : null
}

/** Throws SSO_REQUIRED. */
export async function requireNoSso(ctx: Ctx, email: string): Promise<void> {
  const required = await findRequiredSso(ctx, email)
  if (required) throw required
}

/** Not an outage, and not a limit: those are the same for everybody. */
const isRefusal = (cause: unknown): cause is DomainError =>
  cause instanceof DomainError && cause.code !== serviceUnavailable.code && cause.kind !== 'rate_limited'

/** Whether the refusal of a right password is answered as that of a wrong one. */
export const isRefusedAlike = async (ctx: Ctx, user: User, cause: unknown): Promise<boolean> =>
  isRefusal(cause) && (await findRequiredSso(ctx, user.email)) !== null

/** One refusal for right and wrong credentials of an address that has to sign in elsewhere: nothing is told of the account. */
export async function refuseAlike<T>(ctx: Ctx, identifier: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!isRefusal(cause)) throw cause
    throw (await findRequiredSso(ctx, identifier)) ?? cause
  }
}

interface Factor {
  readonly user: User
  readonly amr: readonly string[]
  readonly origin?: SessionOrigin | null
  readonly organizationId?: string | null
}

/** What a first factor leads to: how its session comes about, and whom it is told. */
export interface Admission {
  readonly origin: SessionOrigin | null
  /** The organization that is told of a sign-in past its identity provider. */
  readonly passed: Organization | null
}

interface Organization {
  readonly organizationId: string
  readonly slug: string
}

const PLAIN: Omit<Admission, 'origin'> = { passed: null }

/**
 * Whether a factor may open a session, where an organization requires single sign-on of the user's address: one of its provider
 * may, an admin of the platform's, and break glass. Throws SSO_REQUIRED.
 */
export async function admit(ctx: Ctx, factor: Factor): Promise<Admission> {
  const { user, origin = null, organizationId = null } = factor
  // Somebody may have become an admin of the platform since the provider spoke for them.
  if (origin?.connectionId && user.role === ADMIN) throw invalidCredentials()
  if (origin) return { ...PLAIN, origin }
  const owner = await findDomainOwner(ctx, mailDomainOf(user.email))
  if (owner?.required) {
    if (user.role === ADMIN) return { origin: null, passed: owner }
    const broken = owner.allowBreakGlass ? await breakGlass(ctx, factor, owner.organizationId) : null
    if (broken) return broken
    throw ssoRequiredAt(ctx, { email: user.email })
  }
  // An owner whose address is elsewhere: no provider of the organization signs them in.
  const asked = organizationId === null ? undefined : await findPolicy(ctx, organizationId)
  const isOpen = asked?.required && asked.allowBreakGlass
  return (isOpen ? await breakGlass(ctx, factor, asked.organizationId) : null) ?? { ...PLAIN, origin }
}

/** A second factor that was added after the policy counts once it is this old: whoever has a password alone could add one. */
const SETTLED_MS = 7 * DAY

/** An owner with a password and a second factor, which is proved already or will be before the session opens. */
async function breakGlass(ctx: Ctx, { user, amr }: Factor, id: string): Promise<Admission | null> {
  if (!user.mfaEnabled || !amr.includes('pwd')) return null
  const [place, policy] = await Promise.all([findPlace(ctx, { id }, user.id), findPolicy(ctx, id)])
  if (!place?.membership?.takenUpAt || place.membership.role !== 'owner' || !policy) return null
  const before = Math.max(policy.updatedAt, ctx.now() - SETTLED_MS)
  if ((await listSecondFactorsBefore(ctx, user.id, before)).length === 0) return null
  const origin = {
    organizationId: id,
    connectionId: null,
    subjectHash: null,
    providerSessionHash: null,
    sealed: null,
    hasLogout: false,
    secondFactor: false,
  }
  return { origin, passed: { organizationId: id, slug: place.organization.slug } }
}

/** The events of a session that passes an organization's identity provider by. */
export const passingEvents = ({ passed }: Admission) =>
  passed ? [{ type: 'sso.break_glass_used' as const, organizationId: passed.organizationId }] : []

const MAX_TOLD = 50

/** Mails the owners of the organization and the admins of the platform in the background, once an hour at most. */
export function tellPassing(ctx: Ctx, user: User, { passed }: Admission): void {
  if (passed) ctx.defer(sendPassing(ctx, user, passed))
}

async function sendPassing(ctx: Ctx, user: User, { organizationId, slug }: Organization): Promise<void> {
  const rule = { subject: `break-glass:${organizationId}`, limit: 1, windowMs: HOUR }
  if (!(await ctx.objects.guard(organizationId).use(rule)).allowed) return
  const params = { organization: slug, who: user.email, time: ctx.now() }
  for (const told of await listTold(ctx, organizationId))
    await queueMail(ctx, { kind: 'sso_break_glass', ...recipientOf(told), params })
}

async function listTold(ctx: Ctx, organizationId: string): Promise<User[]> {
  const page = { status: ['active' as const], offset: 0, limit: MAX_TOLD, order: 'oldest' as const }
  const [ids, { users: admins }] = await Promise.all([
    listOwnerIds(ctx, organizationId, MAX_TOLD),
    listUsers(ctx, { isAdmin: true, ...page }),
  ])
  const owners = await Promise.all(ids.map(({ id }) => findUser(ctx, id)))
  const all = [...owners.filter((owner) => owner !== undefined), ...admins.filter(isEmailConfirmed)]
  return [...new Map(all.filter(isSignInAllowed).map((user) => [user.id, user])).values()]
}
