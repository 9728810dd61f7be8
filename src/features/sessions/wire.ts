import * as z from 'zod'
import type { EndResult, SessionSnapshot } from '../../durable/rpc.ts'
import { mapped } from '../../http/answers.ts'
import { PropagatedField } from '../../http/done.ts'
import { UuidParam } from '../../http/input.ts'
import { listOf, pageQuery, rangeOfPage } from '../../http/list.ts'
import { toIso } from '../../lib/time.ts'
import { describeUserAgent } from '../../lib/user-agent.ts'

export const SessionPath = z.object({ session_id: UuidParam })
export const UserPath = z.object({ user_id: UuidParam })
export const UserSessionPath = z.object({ user_id: UuidParam, session_id: UuidParam })

export const SessionListQuery = pageQuery({ most: 200, usual: 200, last: 10_000 }).extend({
  active_only: z.stringbool().default(true),
})

/** The fields of Janua's answer, and further ones. */
export const Session = z
  .object({
    id: z.uuid(),
    user_id: z.uuid(),
    organization_id: z.uuid().nullable(),
    ip_address: z.string().nullable(),
    country: z.string().nullable(),
    user_agent: z.string().nullable(),
    device_name: z.string().nullable(),
    device_type: z.string().nullable(),
    browser: z.string().nullable(),
    os: z.string().nullable(),
    amr: z.array(z.string()),
    is_current: z.boolean(),
    created_at: z.iso.datetime(),
    last_activity_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
    revoked: z.boolean(),
  })
  .meta({ id: 'Session' })

export type SessionWire = z.infer<typeof Session>

/** The flat object for one published client, `session` for another. */
export const SessionAnswer = Session.extend({ session: Session }).meta({ id: 'SessionAnswer' })

/** `message` for a third client. */
export const RefreshedSession = SessionAnswer.extend({ message: z.string() }).meta({ id: 'RefreshedSession' })

export const UserSessionList = z.object({ sessions: z.array(Session), total: z.int() })

export const RevokedAnswer = z
  .object({ message: z.string(), propagated: PropagatedField })
  .meta({ id: 'RevokedSession' })

export const RevokedManyAnswer = z
  .object({
    message: z.string(),
    revoked_count: z.int(),
    revokedCount: z.int(),
    propagated: PropagatedField,
  })
  .meta({ id: 'RevokedSessions' })

export function sessionToWire(session: SessionSnapshot, currentId: string): SessionWire {
  return {
    id: session.id,
    user_id: session.userId,
    organization_id: session.organizationId,
    ip_address: session.ip,
    country: session.country,
    user_agent: session.userAgent,
    ...describeUserAgent(session.userAgent),
    amr: [...session.amr],
    is_current: session.id === currentId,
    created_at: toIso(session.openedAt),
    last_activity_at: toIso(session.lastActiveAt),
    expires_at: toIso(session.expiresAt),
    revoked: session.endedAt !== null,
  }
}

export function sessionToAnswer(session: SessionSnapshot, currentId: string): z.infer<typeof SessionAnswer> {
  const wire = sessionToWire(session, currentId)
  return { ...wire, session: wire }
}

export const refreshedToWire = (session: SessionSnapshot, currentId: string): z.infer<typeof RefreshedSession> => ({
  message: 'Session refreshed',
  ...sessionToAnswer(session, currentId),
})

const listed = mapped(
  Session,
  ({ session, currentId }: { readonly session: SessionSnapshot; readonly currentId: string }) =>
    sessionToWire(session, currentId),
)

/** `sessions` for one published client, `data` for another. */
export const SessionList = listOf(['sessions', 'data'], listed, {
  total: z.int(),
  page: z.int(),
  per_page: z.int(),
  total_pages: z.int(),
})

export function toSessionList(
  sessions: readonly SessionSnapshot[],
  { page, per_page }: z.infer<typeof SessionListQuery>,
  currentId: string,
) {
  const { offset, limit } = rangeOfPage({ page, per_page })
  const rows = sessions.slice(offset, offset + limit).map((session) => ({ session, currentId }))
  const total = sessions.length
  return { rows, total, page, per_page, total_pages: Math.ceil(total / per_page) }
}

export const revokedToWire = ({ propagated }: EndResult): z.infer<typeof RevokedAnswer> => ({
  message: 'Session revoked',
  propagated,
})

export const revokedManyToWire = ({ ended, propagated }: EndResult): z.infer<typeof RevokedManyAnswer> => ({
  message: `${ended.length} sessions revoked`,
  revoked_count: ended.length,
  revokedCount: ended.length,
  propagated,
})
