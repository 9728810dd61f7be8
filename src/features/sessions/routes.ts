import { ok } from '../../http/answers.ts'
import { confirmedUser, selfOrAdmin, user } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { forbidden, notFound, serviceUnavailable } from '../../lib/errors.ts'
import { revokeOtherSessions } from './service/ending.ts'
import {
  getOwnSession,
  listOwnSessions,
  listSessionsOf,
  revokeOwnSession,
  revokeSessionOf,
  sessionAlreadyRevoked,
  sessionNotFound,
  touchSession,
} from './service/own.ts'
import {
  RefreshedSession,
  RevokedAnswer,
  RevokedManyAnswer,
  refreshedToWire,
  revokedManyToWire,
  revokedToWire,
  SessionAnswer,
  SessionList,
  SessionListQuery,
  SessionPath,
  sessionToAnswer,
  sessionToWire,
  toSessionList,
  UserPath,
  UserSessionList,
  UserSessionPath,
} from './wire.ts'

export const sessionRoutes = createRoutes({ prefix: '/api/v1', tag: 'sessions' })

const oneSession = ok(SessionAnswer, 'The session')
const refreshedOne = ok(RefreshedSession, 'The session')
const revokedOne = ok(RevokedAnswer, 'The session has ended')

sessionRoutes.get(
  '/sessions',
  {
    id: 'listSessions',
    summary: "The caller's sessions, newest first",
    guard: user,
    query: SessionListQuery,
    answer: ok(SessionList, 'A page of sessions'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const sessions = await listOwnSessions(ctx, { withEnded: !query.active_only })
    return toSessionList(sessions, query, ctx.actor.sessionId)
  },
)

sessionRoutes.get(
  '/sessions/current',
  {
    id: 'getCurrentSession',
    summary: "The caller's current session",
    guard: user,
    answer: oneSession,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx }) => sessionToAnswer(await getOwnSession(ctx, ctx.actor.sessionId), ctx.actor.sessionId),
)

sessionRoutes.post(
  '/sessions/refresh',
  {
    id: 'touchCurrentSession',
    summary: "Count a use of the caller's current session: its idle lifetime starts anew",
    guard: confirmedUser,
    answer: refreshedOne,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx }) => refreshedToWire(await touchSession(ctx, ctx.actor.sessionId), ctx.actor.sessionId),
)

const revokeOthersSpec = {
  summary: "End the caller's other sessions",
  guard: confirmedUser,
  answer: ok(RevokedManyAnswer, 'The number of sessions that ended'),
  errors: [serviceUnavailable],
}

sessionRoutes.delete(
  '/sessions/all',
  {
    ...revokeOthersSpec,
    id: 'revokeOtherSessions',
    aliases: [{ path: '/sessions', id: 'endOtherSessions' }],
  },
  async ({ ctx }) => revokedManyToWire(await revokeOtherSessions(ctx)),
)

sessionRoutes.post(
  '/sessions/revoke-all',
  { ...revokeOthersSpec, id: 'signOutOtherSessions', instead: 'revokeOtherSessions' },
  async ({ ctx }) => revokedManyToWire(await revokeOtherSessions(ctx)),
)

sessionRoutes.get(
  '/sessions/:session_id',
  {
    id: 'getSession',
    summary: "One of the caller's sessions",
    guard: user,
    params: SessionPath,
    answer: oneSession,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, params }) => sessionToAnswer(await getOwnSession(ctx, params.session_id), ctx.actor.sessionId),
)

sessionRoutes.delete(
  '/sessions/:session_id',
  {
    id: 'revokeSession',
    summary: "End one of the caller's sessions",
    guard: confirmedUser,
    params: SessionPath,
    answer: revokedOne,
    errors: [sessionAlreadyRevoked, sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, params }) => revokedToWire(await revokeOwnSession(ctx, params.session_id)),
)

sessionRoutes.post(
  '/sessions/:session_id/refresh',
  {
    id: 'touchSession',
    summary: "Count a use of one of the caller's sessions: its idle lifetime starts anew",
    guard: confirmedUser,
    params: SessionPath,
    answer: refreshedOne,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, params }) => refreshedToWire(await touchSession(ctx, params.session_id), ctx.actor.sessionId),
)

sessionRoutes.get(
  '/users/:user_id/sessions',
  {
    id: 'listUserSessions',
    summary: "A user's live sessions, for that user or an admin",
    guard: selfOrAdmin,
    params: UserPath,
    answer: ok(UserSessionList, 'The sessions, newest first'),
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx }) => {
    const sessions = await listSessionsOf(ctx)
    const data = sessions.map((session) => sessionToWire(session, ctx.actor.sessionId))
    return { sessions: data, total: data.length }
  },
)

sessionRoutes.delete(
  '/users/:user_id/sessions/:session_id',
  {
    id: 'revokeUserSession',
    summary: "End one of a user's sessions, for that user or an admin",
    guard: selfOrAdmin,
    params: UserSessionPath,
    answer: revokedOne,
    errors: [forbidden, notFound, sessionAlreadyRevoked, sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, params }) => revokedToWire(await revokeSessionOf(ctx, params.session_id)),
)
