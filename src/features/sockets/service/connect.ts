import type { Ctx } from '../../../context.ts'
import { decodeCursor } from '../../../durable/sockets/cursor.ts'
import { CLOSE, connection, failure } from '../../../durable/sockets/frames.ts'
import { cursorInvalid } from '../../../lib/errors.ts'
import { awaitAuthentication } from './await-auth.ts'
import { openSocket, type SocketCredential, type SocketRefusal } from './open.ts'

/**
 * Returns the client's end of a socket, opened on the principal's object; without a credential, on the Worker until a token
 * arrives. For an invalid credential the socket opens and closes with 1008. Throws INVALID_CURSOR, TOO_MANY_SOCKETS,
 * SERVICE_UNAVAILABLE.
 */
export async function connectSocket(
  ctx: Ctx,
  input: { credential: SocketCredential | null; after: string | null },
): Promise<WebSocket> {
  const { credential, after } = input
  if (after !== null && !decodeCursor(after)) throw cursorInvalid()
  if (!credential) return awaitAuthentication(ctx, after)
  const opened = await openSocket(ctx, { credential, after })
  return opened.outcome === 'opened' ? opened.socket : refuseSocket(ctx, opened.reason)
}

/** Browsers hide the answer to a failed upgrade, so the socket is opened to send the reason and then closed (decision 0052). */
function refuseSocket(ctx: Pick<Ctx, 'newId'>, reason: SocketRefusal): WebSocket {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.send(connection(ctx.newId(), false, null))
  server.send(failure(reason))
  server.close(CLOSE.policy, reason)
  return client
}
