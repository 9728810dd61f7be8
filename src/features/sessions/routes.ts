import { confirmedUserRoute, userRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { forbidden, notFound, serviceUnavailable } from '../../lib/errors.ts'
import { sessionAlreadyRevoked, sessionNotFound } from './errors.ts'
import {
  getUserSession,
  listUserSessions,
  requireUserAccess,
  revokeOtherSessions,
  revokeSession,
  touchSession,
} from './service.ts'
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
  sessionsToWire,
  sessionToAnswer,
  sessionToWire,
  UserPath,
  UserSessionList,
  UserSessionPath,
} from './wire.ts'

export const sessionRoutes = createRoutes({ prefix: '/api/v1', tag: 'sessions', renderError })

const oneSession = { 200: { description: 'The session', schema: SessionAnswer } }
const refreshedOne = { 200: { description: 'The session', schema: RefreshedSession } }
const revokedOne = { 200: { description: 'The session is refused from now on', schema: RevokedAnswer } }

sessionRoutes.get(
  '/sessions',
  {
    summary: "The caller's sessions, newest first",
    guard: userRoute,
    query: SessionListQuery,
    answers: { 200: { description: 'A page of sessions', schema: SessionList } },
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const sessions = await listUserSessions(ctx, ctx.actor.id, { withEnded: !query.active_only })
    return Response.json(sessionsToWire(sessions, query, ctx.actor.sessionId))
  },
)

sessionRoutes.get(
  '/sessions/current',
  {
    summary: 'The session that asks',
    guard: userRoute,
    answers: oneSession,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx }) =>
    Response.json(sessionToAnswer(await getUserSession(ctx, ctx.actor.id, ctx.actor.sessionId), ctx.actor.sessionId)),
)

sessionRoutes.post(
  '/sessions/refresh',
  {
    summary: 'Count as a use of the session that asks: its idle lifetime starts anew',
    guard: confirmedUserRoute,
    answers: refreshedOne,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx }) => Response.json(refreshedToWire(await touchSession(ctx, ctx.actor.sessionId), ctx.actor.sessionId)),
)

const revokeOthersSpec = {
  summary: "End the caller's other sessions",
  guard: confirmedUserRoute,
  answers: { 200: { description: 'How many were ended', schema: RevokedManyAnswer } },
  errors: [serviceUnavailable],
}

sessionRoutes.delete(['/sessions/all', '/sessions'], revokeOthersSpec, async ({ ctx }) =>
  Response.json(revokedManyToWire(await revokeOtherSessions(ctx))),
)

sessionRoutes.post('/sessions/revoke-all', revokeOthersSpec, async ({ ctx }) =>
  Response.json(revokedManyToWire(await revokeOtherSessions(ctx))),
)

sessionRoutes.get(
  '/sessions/:session_id',
  {
    summary: "One of the caller's sessions",
    guard: userRoute,
    path: SessionPath,
    answers: oneSession,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, path }) =>
    Response.json(sessionToAnswer(await getUserSession(ctx, ctx.actor.id, path.session_id), ctx.actor.sessionId)),
)

sessionRoutes.delete(
  '/sessions/:session_id',
  {
    summary: "End one of the caller's sessions",
    guard: confirmedUserRoute,
    path: SessionPath,
    answers: revokedOne,
    errors: [sessionAlreadyRevoked, sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, path }) => Response.json(revokedToWire(await revokeSession(ctx, ctx.actor.id, path.session_id))),
)

sessionRoutes.post(
  '/sessions/:session_id/refresh',
  {
    summary: "Count as a use of one of the caller's sessions",
    guard: confirmedUserRoute,
    path: SessionPath,
    answers: refreshedOne,
    errors: [sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, path }) =>
    Response.json(refreshedToWire(await touchSession(ctx, path.session_id), ctx.actor.sessionId)),
)

sessionRoutes.get(
  '/users/:user_id/sessions',
  {
    summary: "A user's live sessions, for that user or an admin",
    guard: confirmedUserRoute,
    path: UserPath,
    answers: { 200: { description: 'The sessions, newest first', schema: UserSessionList } },
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, path }) => {
    await requireUserAccess(ctx, path.user_id)
    const sessions = await listUserSessions(ctx, path.user_id, { withEnded: false })
    const data = sessions.map((session) => sessionToWire(session, ctx.actor.sessionId))
    return Response.json({ sessions: data, total: data.length })
  },
)

sessionRoutes.delete(
  '/users/:user_id/sessions/:session_id',
  {
    summary: "End one of a user's sessions, for that user or an admin",
    guard: confirmedUserRoute,
    path: UserSessionPath,
    answers: revokedOne,
    errors: [forbidden, notFound, sessionAlreadyRevoked, sessionNotFound, serviceUnavailable],
  },
  async ({ ctx, path }) => {
    await requireUserAccess(ctx, path.user_id)
    return Response.json(revokedToWire(await revokeSession(ctx, path.user_id, path.session_id)))
  },
)
