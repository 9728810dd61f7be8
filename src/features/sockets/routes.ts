import { created, response } from '../../http/answers.ts'
import { originNotAllowed, requireKnownSite } from '../../http/cors.ts'
import { anyone, principal, tokenInvalid } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { cursorInvalid, insufficientPermissions, serviceUnavailable, unauthorized } from '../../lib/errors.ts'
import { connectSocket } from './service/connect.ts'
import { EVENTS_SCOPE, issueTicket, type SocketCredential, tooManySockets, upgradeRequired } from './service/open.ts'
import { headerToken, protocolToken, SocketQuery, switchingProtocols, TicketAnswer, ticketToWire } from './wire.ts'

export const eventRoutes = createRoutes({ prefix: '/api/v1', tag: 'events' })

eventRoutes.get(
  '/websocket/ws',
  {
    id: 'subscribeToEvents',
    aliases: [{ path: '/ws', id: 'openEventSocket' }],
    summary: 'Session events as they happen, over a WebSocket',
    // The credential is in the query, the subprotocol, the `Authorization` header or the first frame. Cookies are not read.
    guard: anyone,
    query: SocketQuery,
    invalidIs: 400,
    answer: response(101, 'The socket is open'),
    errors: [upgradeRequired, originNotAllowed, cursorInvalid, tooManySockets, serviceUnavailable],
  },
  async ({ ctx, query, request }) => {
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') throw upgradeRequired()
    // Against cross-site WebSocket hijacking.
    requireKnownSite(ctx, request)
    const socket = await connectSocket(ctx, { credential: credentialOf(request, query), after: query.after ?? null })
    return switchingProtocols(request, socket)
  },
)

function credentialOf(request: Request, query: { token?: string | undefined; ticket?: string | undefined }) {
  if (query.ticket !== undefined) return { type: 'ticket', value: query.ticket } satisfies SocketCredential
  const token = query.token ?? protocolToken(request) ?? headerToken(request)
  return token === null ? null : ({ type: 'token', value: token } satisfies SocketCredential)
}

eventRoutes.post(
  '/websocket/ticket',
  {
    id: 'issueSocketTicket',
    summary: 'Issue a ticket that opens one socket within 30 seconds',
    guard: principal(EVENTS_SCOPE),
    answer: created(TicketAnswer, 'The ticket'),
    errors: [unauthorized, tokenInvalid, insufficientPermissions, serviceUnavailable],
  },
  async ({ ctx }) => ticketToWire(await issueTicket(ctx)),
)
