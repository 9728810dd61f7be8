import { type ActorCtx, type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { defineError, rateLimited } from '../../../lib/errors.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { DAY, SECOND, toIso } from '../../../lib/time.ts'
import { deleteByItsUser } from '../../account/service/states.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { keptSince } from '../../retention/service.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import type { Along } from '../../users/service/state.ts'
import { findUser, getCurrentUser, isEmailConfirmed, listUsers, recipientOf } from '../../users/service/users.ts'
import {
  deleteClosed,
  EXTENSION_MS,
  insertErasure,
  insertExport,
  insertRequest,
  REMINDED_BEFORE_MS,
  type RequestChange,
  type RequestFilter,
  type SeenRequest,
  selectRequestOfAnybody,
  selectRequests,
  updateReminded,
  updateRequest,
  updateUnreminded,
} from '../store/requests.ts'
import type { DataRequest } from '../tables.ts'
import type { ExportFormat, RequestType } from '../types.ts'

export { countClosed as countClosedRequests, countLate as countLateRequests } from '../store/requests.ts'

export const requestNotFound = defineError('DATA_REQUEST_NOT_FOUND', 'not_found', 'There is no such request')
export const requestClosed = defineError(
  'DATA_REQUEST_CLOSED',
  'conflict',
  'The request is answered already, or the service answers it by itself',
)
export const requestNotExtendable = defineError(
  'DATA_REQUEST_NOT_EXTENDABLE',
  'conflict',
  'A request is extended once, and before it is due',
)

/** GDPR 12(3): one month. */
const DUE_MS = 30 * DAY
const EXPORTS_PER_DAY = 3
/** More wait for admins than one person asks in earnest. */
const OPEN_REQUESTS = 10
const EXPORT_KEPT_MS = DAY

export interface NewRequest {
  readonly type: RequestType
  readonly description: string | null
  readonly askedFor: Readonly<Record<string, unknown>>
  readonly format: ExportFormat
  readonly given: GivenFactors
}

function rowOf(ctx: ActorCtx, { type, description, askedFor }: Omit<NewRequest, 'format' | 'given'>): DataRequest {
  const now = ctx.now()
  return {
    id: ctx.newId(),
    userId: ctx.actor.id,
    type,
    status: 'received',
    description,
    askedFor,
    receivedAt: now,
    dueAt: now + DUE_MS,
    extendedAt: null,
    extensionReason: null,
    answer: null,
    completedAt: null,
    updatedAt: now,
    handledBy: null,
    remindAt: now + DUE_MS - REMINDED_BEFORE_MS,
    sessionId: null,
    format: null,
    availableUntil: null,
  }
}

const requested = (ctx: ActorCtx, { id, type, dueAt }: DataRequest) => ({
  type: 'privacy.requested' as const,
  subject: id,
  userId: ctx.actor.id,
  actor: actorOf(ctx),
  sessionId: ctx.actor.sessionId,
  data: { type, due_at: toIso(dueAt) },
})

const seen = (
  row: DataRequest,
  more: Partial<Pick<SeenRequest, 'userEmail' | 'eraseAt' | 'isHeld'>> = {},
): SeenRequest => ({
  ...row,
  userEmail: null,
  eraseAt: null,
  isHeld: false,
  ...more,
})

/**
 * Takes what a user asks about their own data. Access and portability are answered by a data export at once, erasure by the deletion
 * of the account. Throws what `requireFreshFactor` throws, RATE_LIMIT_EXCEEDED beyond three exports a day
 * and ten open requests, TOKEN_ERROR when the account was deleted meanwhile, LAST_ADMIN, LAST_OWNER.
 */
export async function askAboutData(ctx: ActorCtx, input: NewRequest): Promise<SeenRequest> {
  const user = await requireFreshFactor(ctx, input.given)
  if (input.type === 'erasure') return askForErasure(ctx, input)
  const isExport = input.type === 'access' || input.type === 'portability'
  const asked = rowOf(ctx, input)
  const row: DataRequest = isExport ? { ...asked, ...readyAtOnce(ctx, input.format) } : asked
  const statement = isExport
    ? insertExport(ctx, row, { since: ctx.now() - DAY, limit: EXPORTS_PER_DAY })
    : insertRequest(ctx, row, OPEN_REQUESTS)
  const [written] = await commit(ctx, statement, requested(ctx, row))
  if (!written) {
    await getCurrentUser(ctx)
    throw rateLimited({ retry_after: DAY / SECOND, limit: isExport ? EXPORTS_PER_DAY : OPEN_REQUESTS })
  }
  if (isExport) notifyOwner(ctx, user, { kind: 'data_exported', params: {} })
  return seen(written, { userEmail: user.email })
}

const readyAtOnce = (ctx: ActorCtx, format: ExportFormat) => ({
  status: 'completed' as const,
  completedAt: ctx.now(),
  remindAt: null,
  sessionId: ctx.actor.sessionId,
  format,
  availableUntil: ctx.now() + EXPORT_KEPT_MS,
})

/** For the batch in which the caller deletes their account: the request, and its event. */
export function recordErasure(
  ctx: ActorCtx,
  { description, askedFor }: Pick<NewRequest, 'description' | 'askedFor'> = { description: null, askedFor: {} },
): Along {
  const asked = rowOf(ctx, { type: 'erasure', description, askedFor })
  const row: DataRequest = { ...asked, status: 'in_progress', remindAt: null }
  return (when) => insertErasure(ctx, row, { event: requested(ctx, row), when })
}

/** A legal hold lets the account be deleted, and its erasure wait. */
async function askForErasure(ctx: ActorCtx, input: NewRequest): Promise<SeenRequest> {
  const { id: userId } = ctx.actor
  await deleteByItsUser(ctx, { userId, actor: actorOf(ctx), along: recordErasure(ctx, input) })
  // Of two calls at once one has deleted the account, and its request counts.
  const open = { userId, type: 'erasure', status: 'in_progress' } as const
  const [found] = await selectRequests(ctx, open, { limit: 1, offset: 0 })
  if (!found) throw requestClosed()
  return found
}

/** The caller's own; of everybody for admins of the platform. Newest first. */
export const listDataRequests = (ctx: ActorCtx, filter: Omit<RequestFilter, 'userId'>, range: Range) =>
  selectRequests(ctx, { ...filter, ...(!isAdmin(ctx.actor) && { userId: ctx.actor.id }) }, range)

const stateOf = ({ status, dueAt }: Pick<DataRequest, 'status' | 'dueAt'>) => ({ status, due_at: toIso(dueAt) })

/**
 * An admin answers a request, or extends it once by sixty days with a reason; the person is mailed. Throws DATA_REQUEST_NOT_FOUND,
 * DATA_REQUEST_CLOSED, DATA_REQUEST_NOT_EXTENDABLE.
 */
export async function changeDataRequest(ctx: AdminCtx, input: Omit<RequestChange, 'adminId'>): Promise<SeenRequest> {
  const before = await selectRequestOfAnybody(ctx, input.id)
  if (!before) throw requestNotFound()
  const extended = input.extensionReason === undefined ? 0 : EXTENSION_MS
  const after = { status: input.status ?? before.status, dueAt: before.dueAt + extended }
  const [written] = await commit(ctx, updateRequest(ctx, { ...input, adminId: ctx.actor.id }), {
    type: 'privacy.request_changed',
    subject: before.id,
    userId: before.userId,
    actor: actorOf(ctx),
    // No text: it may speak of others.
    data: { before: stateOf(before), after: stateOf(after) },
  })
  if (!written) {
    const isExtension = input.extensionReason !== undefined && input.status === undefined
    throw isExtension && before.completedAt === null ? requestNotExtendable() : requestClosed()
  }
  ctx.defer(tellPerson(ctx, written, input))
  const { userEmail, eraseAt, isHeld } = before
  return seen(written, { userEmail, eraseAt, isHeld })
}

/** Texts that an admin typed go to a confirmed address alone: another learns that there is an answer, and signs in to read it. */
async function tellPerson(
  ctx: Ctx,
  { userId, dueAt, status }: DataRequest,
  { status: change, answer, extensionReason }: Omit<RequestChange, 'adminId'>,
): Promise<void> {
  const user = await findUser(ctx, userId)
  if (!user || !canMail(ctx)) return
  const to = recipientOf(user)
  const typed = (text: string | null) => (isEmailConfirmed(user) ? text : null)
  if (extensionReason !== undefined)
    await queueMail(ctx, {
      kind: 'data_request_extended',
      ...to,
      params: { until: dueAt, message: typed(extensionReason) },
    })
  if (change !== undefined && (status === 'completed' || status === 'rejected'))
    await queueMail(ctx, { kind: 'data_request_answered', ...to, params: { outcome: status, message: typed(answer) } })
}

/** Cron: deletes answered requests that are kept no longer. */
export const pruneRequests = async (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteClosed(ctx, await keptSince(ctx, 'requests'))

const ADMINS_TOLD = 10

/** Cron: tells admins of requests a week before they are due, and on the day. If no mail is accepted, the next run tries again. */
export async function remindAdmins(ctx: Ctx): Promise<void> {
  if (!canMail(ctx)) return
  const { users } = await listUsers(ctx, { isAdmin: true, status: ['active'], offset: 0, limit: 100, order: 'oldest' })
  const admins = users.filter(isEmailConfirmed).slice(0, ADMINS_TOLD)
  if (admins.length === 0) return
  const due = await updateReminded(ctx)
  if (due.length === 0) return
  const params = { count: due.length, until: Math.min(...due.map(({ dueAt }) => dueAt)) }
  const mails = await Promise.allSettled(
    admins.map((admin) => queueMail(ctx, { kind: 'data_requests_due', ...recipientOf(admin), params })),
  )
  if (mails.some(({ status }) => status === 'fulfilled')) return
  await updateUnreminded(
    ctx,
    due.map(({ id }) => id),
  )
  throw new Error('no admin could be reminded', { cause: mails })
}
