import * as z from 'zod'

const MAX_QUERY_LENGTH = 8192
const Text = z.string().min(1).max(MAX_QUERY_LENGTH)

export const SocketQuery = z.object({
  token: Text.optional().meta({
    description: 'An access token. URLs end up in logs: prefer a ticket or the subprotocol.',
  }),
  ticket: Text.optional().meta({ description: 'From `POST /api/v1/websocket/ticket`.' }),
  after: Text.optional().meta({ description: 'A cursor: the events after it are replayed first.' }),
})

export const TicketAnswer = z.object({ ticket: z.string(), expires_in: z.int() }).meta({ id: 'WebSocketTicket' })

export const ticketToWire = ({ ticket, expiresIn }: { ticket: string; expiresIn: number }) => ({
  ticket,
  expires_in: expiresIn,
})

const PROTOCOL = 'bearer'

/** The token of `Sec-WebSocket-Protocol: bearer, <token>`; null when the client offers another protocol or none. */
export function protocolToken(request: Request): string | null {
  const [name, token] = (request.headers.get('sec-websocket-protocol') ?? '').split(',').map((part) => part.trim())
  return name === PROTOCOL && token ? token : null
}

/** `Authorization: Bearer <token>` (RFC 6750 2.1). */
export function headerToken(request: Request): string | null {
  return /^Bearer +([\w.~+/-]+=*)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null
}

/** A client that offered protocols fails the connection unless one of them is chosen (RFC 6455 4.1). */
export function switchingProtocols(request: Request, socket: WebSocket): Response {
  const headers: HeadersInit = protocolToken(request) === null ? {} : { 'Sec-WebSocket-Protocol': PROTOCOL }
  return new Response(null, { status: 101, webSocket: socket, headers })
}
