import * as z from 'zod'
import { sessionAlreadyRevoked, sessionNotFound } from '../../../features/sessions/errors.ts'
import { listUserSessions } from '../../../features/sessions/service.ts'
import { confirmedUserRoute, userRoute } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { endOwnSession } from '../service/sessions.ts'
import { Done, doneToWire, INVALID } from '../wire/answers.ts'
import { SessionPath } from '../wire/fields.ts'
import { SessionResponse, sessionToWire } from '../wire/sessions.ts'
import { renderError } from '../wording.ts'

export const sessionRoutes = createRoutes({ prefix: '/auth/sessions', tag: 'auth-service', renderError })

sessionRoutes.get(
  '/',
  {
    summary: "The caller's live sessions, newest first",
    guard: userRoute,
    answers: { 200: { description: 'All of them', schema: z.array(SessionResponse) } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => {
    const sessions = await listUserSessions(ctx, ctx.actor.id, { withEnded: false })
    return Response.json(sessions.map((session) => sessionToWire(session, ctx.actor.number)))
  },
)

sessionRoutes.delete(
  '/:session_id',
  {
    summary: "End one of the caller's sessions by its number",
    guard: confirmedUserRoute,
    path: SessionPath,
    answers: { 200: { description: 'It has ended', schema: Done }, ...INVALID },
    errors: [sessionNotFound, sessionAlreadyRevoked, serviceUnavailable],
  },
  async ({ ctx, path }) => {
    const ended = await endOwnSession(ctx, path.session_id)
    return Response.json(doneToWire('Session deleted successfully', ended))
  },
)
