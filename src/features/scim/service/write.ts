import { type DirectoryCtx, directoryActorOf } from '../../../context.ts'
import { type CommittedEvent, commitAll } from '../../../db/commit.ts'
import type { EventName } from '../../../lib/event.ts'
import { inviteForDirectory } from '../../invitations/service/directory.ts'
import { isAccount, mapping, settleMapped } from '../../memberships/service/mapping.ts'
import { tellOfInactiveOwner } from '../../organizations/service/ownership.ts'
import { notifyFormerAddresses } from '../../sign-in/service/email-revert.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notifyStateChange } from '../../users/service/state.ts'
import { selectDefaultRole } from '../store/directories.ts'
import { insertLog } from '../store/log.ts'
import {
  always,
  deleteRecord,
  insertRecord,
  isWritten,
  type RecordWrite,
  revokeInvitation,
  updateRecord,
} from '../store/records.ts'
import { mappedByGroups } from '../store/roles.ts'
import type { Operation, UserAttributes } from '../types.ts'
import { planWrite } from './accounts.ts'
import type { Plan, Wanted } from './plans.ts'

/** Names of attributes that differ, for events and the log: never values. */
export function changedNames(before: UserAttributes | null, after: UserAttributes): string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)])
  return [...names].filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after[name])).sort()
}

export function operationOf({ before, attributes, isDeleted }: Wanted): Operation {
  if (isDeleted) return 'delete'
  if (before === null) return 'create'
  if (before.active === attributes.active) return 'update'
  return attributes.active ? 'reactivate' : 'deactivate'
}

const EVENTS: Readonly<Record<Operation, { readonly type: EventName }>> = {
  create: { type: 'directory.user.created' },
  update: { type: 'directory.user.updated' },
  deactivate: { type: 'directory.user.deactivated' },
  reactivate: { type: 'directory.user.reactivated' },
  delete: { type: 'directory.user.deleted' },
}

function eventOf(
  ctx: DirectoryCtx,
  wanted: Wanted,
  { id, userId }: { id: string; userId: string | null },
): CommittedEvent {
  const { organizationId } = ctx.actor
  return {
    ...EVENTS[operationOf(wanted)],
    subject: id,
    userId: null,
    organizationId,
    actor: directoryActorOf(ctx),
    data: { account_id: userId, changed: changedNames(wanted.before?.attributes ?? null, wanted.attributes) },
  }
}

function recordStatements(
  ctx: DirectoryCtx,
  { before, attributes, isDeleted }: Wanted,
  write: Omit<RecordWrite, 'attributes'>,
) {
  if (before === null) return insertRecord(ctx, { ...write, attributes })
  const { version } = before
  return isDeleted ? deleteRecord(ctx, { ...write, version }) : updateRecord(ctx, { ...write, attributes, version })
}

/**
 * Writes a record with all that it means for the account behind it, in one batch: its state, its address, its membership, its mapped
 * role, the events and the log. Undefined when something was changed since it was read: nothing is written then. Where the account
 * is switched off its sessions end after that, and `propagated` says whether every isolate refuses them within 5 seconds.
 */
export async function writeRecord(
  ctx: DirectoryCtx,
  id: string,
  wanted: Wanted,
): Promise<{ propagated: boolean } | undefined> {
  const { organizationId } = ctx.actor
  const plan = await planWrite(ctx, wanted)
  if (isSettled(wanted, plan)) return { propagated: true }
  const writeId = ctx.newId()
  const { userId, invitationId, when } = plan
  const statements = recordStatements(ctx, wanted, { id, organizationId, userId, invitationId, writeId, when })
  const propagated = await commitPlan(ctx, { id, wanted, plan, writeId, statements })
  if (propagated === undefined) return undefined
  if (plan.invites !== null && invitationId !== null) await invite(ctx, { id: invitationId, email: plan.invites })
  return { propagated }
}

/** What is as it is wanted writes nothing, and keeps its version. */
function isSettled({ before, attributes, isDeleted }: Wanted, plan: Plan): boolean {
  if (before === null || isDeleted || changedNames(before.attributes, attributes).length > 0) return false
  const effects = plan.effects(always)
  const isLinked = plan.userId === before.userId && plan.invitationId === before.invitationId
  return isLinked && effects.change === null && effects.with.length === 0
}

interface Writing {
  readonly id: string
  readonly wanted: Wanted
  readonly plan: Plan
  readonly writeId: string
  readonly statements: ReturnType<typeof recordStatements>
}

async function commitPlan(
  ctx: DirectoryCtx,
  { id, wanted, plan, writeId, statements }: Writing,
): Promise<boolean | undefined> {
  const { organizationId } = ctx.actor
  const { userId } = plan
  const written = isWritten(id, writeId)
  const effects = plan.effects(written)
  const { change, events, told, emailChanged } = effects
  const actor = directoryActorOf(ctx)
  const operation = operationOf(wanted)
  const log = insertLog(
    ctx,
    {
      operation,
      resourceType: 'User',
      resourceId: id,
      status: 'success',
      httpStatus: operation === 'create' ? 201 : operation === 'delete' ? 204 : 200,
      changed: changedNames(wanted.before?.attributes ?? null, wanted.attributes),
    },
    written,
  )
  // Whoever leaves the directory leaves its groups.
  const roles =
    wanted.isDeleted && userId !== null
      ? mapping(ctx, {
          organizationId,
          mapped: mappedByGroups,
          actor,
          mappingId: writeId,
          affected: isAccount(userId),
          when: written,
        })
      : []
  const former = wanted.before?.invitationId ?? null
  const revoked =
    former === null || (former === plan.invitationId && !wanted.isDeleted)
      ? []
      : revokeInvitation(ctx, { id: former, recordId: id }, written)
  const along = [...statements, ...effects.with, ...roles, ...revoked]
  const own = eventOf(ctx, wanted, { id, userId })
  const settled = async () =>
    roles.length === 0 ? true : (await settleMapped(ctx, { organizationId, mappingId: writeId })).propagated
  if (!change || userId === null) {
    const drafts = events.map((event) => ({ subject: id, userId: null, actor, ...event }))
    const [done] = await commitAll(ctx, [...along, log], ...drafts, own)
    return done && settled()
  }
  const [first = own, ...others] = events
  const changed = await changeUser(ctx, {
    userId,
    actor,
    ...change,
    with: [...along, log],
    events: [first, ...others, ...(events.length > 0 ? [own] : [])],
  })
  if (!changed) return undefined
  if (told) notifyStateChange(ctx, changed.user, told)
  if (told === 'deactivate') ctx.defer(tellOfInactiveOwner(ctx, userId))
  if (emailChanged) ctx.defer(notifyFormerAddresses(ctx, userId))
  return (await settled()) && changed.propagated
}

/** The record stands whether or not the address can be invited. */
async function invite(ctx: DirectoryCtx, invitation: { id: string; email: string }): Promise<void> {
  const role = await selectDefaultRole(ctx, ctx.actor.organizationId)
  try {
    await inviteForDirectory(ctx, { ...invitation, role })
  } catch (cause) {
    ctx.log.error('directory_invitation_failed', cause, { invitation: invitation.id })
  }
}
