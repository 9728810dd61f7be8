import type { DirectoryCtx } from '../../../context.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { findDomainOwner } from '../../domains/service.ts'
import { findPendingInvitation } from '../../invitations/service/directory.ts'
import { findPlace, insertMembership } from '../../memberships/service.ts'
import { findEmailHolder } from '../../users/service/former-addresses.ts'
import {
  findUser,
  insertUser,
  isEmailConfirmed,
  isPlainText,
  mailDomainOf,
  newUserRow,
} from '../../users/service/users.ts'
import { flowing } from '../rules/profile.ts'
import { selectDefaultRole } from '../store/directories.ts'
import {
  all,
  always,
  holds,
  isDomainOf,
  isFree,
  isManagedBy,
  isOfRecord,
  isPlainMember,
  joining,
  selectRecordIdBy,
} from '../store/records.ts'
import { type Account, added, isPlain } from './membership.ts'
import {
  becomesActive,
  isActive,
  NOTHING,
  normalizedAddress,
  type Plan,
  planFor,
  planUnmanaged,
  type Wanted,
} from './plans.ts'

/** Decides what a write does beside writing the record. Throws SCIM_UNIQUENESS for an address that the account cannot have. */
export async function planWrite(ctx: DirectoryCtx, wanted: Wanted): Promise<Plan> {
  const known = wanted.before?.userId ? await findAccount(ctx, wanted.before.userId) : null
  return known ? planFor(ctx, wanted, known) : planUnlinked(ctx, wanted)
}

/** A deleted one too: its user may restore it, and would be beyond the directory's reach. */
async function findAccount(ctx: DirectoryCtx, userId: string, isNewlyLinked = false): Promise<Account | null> {
  const { organizationId } = ctx.actor
  const [user, isManaged, place] = await Promise.all([
    findUser(ctx, userId),
    holds(ctx, isManagedBy(organizationId, userId)),
    findPlace(ctx, { id: organizationId }, userId),
  ])
  return user ? { user, isManaged, membership: place?.membership ?? null, isNewlyLinked } : null
}

/** The record is switched off or deleted: nobody is to get an account by it, or an invitation. */
const isOver = (wanted: Wanted): boolean => wanted.before !== null && !isActive(wanted)

const alone = (invitationId: string | null, invites: string | null = null): Plan => ({
  userId: null,
  invitationId,
  invites,
  when: always,
  effects: () => NOTHING,
})

/** The invitation that the record keeps: none once it is over, or has another address. */
const invitationOf = (wanted: Wanted, address: string): string | null =>
  wanted.before && !isOver(wanted) && normalizedAddress(wanted.before.attributes) === address
    ? wanted.before.invitationId
    : null

/** Finds, makes or invites the account of a record that has none; of one that is over it finds whom to switch off. */
async function planUnlinked(ctx: DirectoryCtx, wanted: Wanted): Promise<Plan> {
  const { attributes } = wanted
  const { organizationId } = ctx.actor
  const address = normalizedAddress(attributes)
  if (address === null) return alone(null)
  const [owner, holder] = await Promise.all([
    findDomainOwner(ctx, mailDomainOf(address)),
    findEmailHolder(ctx, address),
  ])
  if (owner?.organizationId !== organizationId) return planStranger(ctx, wanted, { address, holder })
  if (holder === undefined) return isOver(wanted) ? alone(null) : planNew(ctx, wanted, address)
  const account = await linkable(ctx, wanted, holder)
  // One that has had the address until lately, or another's behind another record, is left alone.
  if (account?.user.role === ADMIN) return planStranger(ctx, wanted, { address, holder })
  if (!account || account.user.email !== address) return alone(invitationOf(wanted, address))
  if (!account.isManaged && account.user.status !== 'deleted') return alone(invitationOf(wanted, address))
  return planFor(ctx, wanted, account)
}

/** A deleted account is only looked for where it is to stay off. */
async function linkable(ctx: DirectoryCtx, wanted: Wanted, userId: string): Promise<Account | null> {
  if (await selectRecordIdBy(ctx, { organizationId: ctx.actor.organizationId, userId })) return null
  const account = await findAccount(ctx, userId, true)
  return account?.user.status === 'deleted' && !isOver(wanted) ? null : account
}

/** An address outside the organization's domains: of a plain member of it, or one to invite. */
async function planStranger(
  ctx: DirectoryCtx,
  wanted: Wanted,
  { address, holder }: { address: string; holder: string | undefined },
): Promise<Plan> {
  const { before } = wanted
  const { organizationId } = ctx.actor
  // Equal work for an address without an account: the time of the answer tells nothing.
  const account = await linkable(ctx, wanted, holder ?? ctx.newId())
  if (account && isPlain(account) && isEmailConfirmed(account.user) && account.user.email === address) {
    const plan = await planUnmanaged(ctx, wanted, account)
    return { ...plan, when: all(plan.when, isPlainMember(organizationId, account.user.id)) }
  }
  if (isOver(wanted)) return alone(null)
  const isAsked =
    isActive(wanted) && (becomesActive(wanted) || address !== (before && normalizedAddress(before.attributes)))
  if (!isAsked) return alone(before?.invitationId ?? null)
  const pending = await findPendingInvitation(ctx, organizationId, address)
  if (pending === undefined) return alone(ctx.newId(), address)
  // One that people made is theirs to revoke. Whoever accepts it is found by the next write of the record.
  return alone((await isOfRecord(ctx, organizationId, pending)) ? pending : null)
}

async function planNew(ctx: DirectoryCtx, wanted: Wanted, address: string): Promise<Plan> {
  const { attributes } = wanted
  const { organizationId } = ctx.actor
  const fields = Object.entries(flowing(null, attributes, isPlainText)).filter(([, value]) => value !== null)
  const row = newUserRow(ctx, {
    ...Object.fromEntries(fields),
    email: address,
    emailVerifiedAt: ctx.now(),
    status: isActive(wanted) ? 'active' : 'inactive',
  })
  const role = await selectDefaultRole(ctx, organizationId)
  const now = ctx.now()
  const membership = { id: ctx.newId(), organizationId, userId: row.id, role, joinedAt: now, takenUpAt: now }
  const after = { email: row.email, username: null, role: row.role, status: row.status }
  return {
    userId: row.id,
    invitationId: null,
    invites: null,
    when: all(isDomainOf(organizationId, mailDomainOf(address)), isFree(ctx, address, row.id), joining(membership)),
    effects: (written) => ({
      ...NOTHING,
      with: [insertUser(ctx, row, written), insertMembership(ctx, membership, written)],
      events: [
        { type: 'user.created', subject: row.id, userId: row.id, data: { after } },
        added(organizationId, { userId: row.id, role }),
      ],
    }),
  }
}
