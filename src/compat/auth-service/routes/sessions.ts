import * as z from 'zod'
import { listOwnSessions, sessionAlreadyRevoked, sessionNotFound } from '../../../features/sessions/service.ts'
import { ok } from '../../../http/answers.ts'
import { confirmedUser, user } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { endOwnSession } from '../service/sessions.ts'
import { Done, doneToWire } from '../wire/answers.ts'
import { SessionPath } from '../wire/fields.ts'
import { SessionResponse, sessionToWire } from '../wire/sessions.ts'
import { renderError } from '../wording.ts'

export const sessionRoutes = createRoutes({ prefix: '/auth/sessions', tag: 'sessions', renderError })

sessionRoutes.get(
  '/',
  {
    id: 'listServiceSessions',
    summary: "The caller's live sessions, newest first",
    guard: user,
    answer: ok(z.array(SessionResponse), 'All of them'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => {
    const sessions = await listOwnSessions(ctx, { withEnded: false })
    return sessions.map((session) => sessionToWire(session, ctx.actor.number))
  },
)

sessionRoutes.delete(
  '/:session_id',
  {
    id: 'endServiceSession',
    summary: "End one of the caller's sessions by its number",
    guard: confirmedUser,
    params: SessionPath,
    answer: ok(Done, 'It has ended'),
    errors: [sessionNotFound, sessionAlreadyRevoked, serviceUnavailable],
  },
  async ({ ctx, params }) => {
    const ended = await endOwnSession(ctx, params.session_id)
    return doneToWire('Session deleted successfully', ended)
  },
)
