import type { Ctx } from '../../../context.ts'
import * as frames from '../../../durable/sockets/frames.ts'
import { codeOfAnswer } from '../../../durable/sockets/frames.ts'
import { DomainError } from '../../../lib/errors.ts'
import { SECOND } from '../../../lib/time.ts'
import { openSocket, tooManySockets } from './open.ts'

const AUTH_TIMEOUT_MS = 10 * SECOND
/** How many frames may arrive while the token is checked; they are forwarded in order. */
const MAX_HELD = 50
const MAX_VIOLATIONS = 5

type AuthFrame = Extract<frames.ClientFrame, { kind: 'auth' }>

interface FirstAuth {
  readonly frame: AuthFrame
  /** The frame as received: it is forwarded to the object, which answers it. */
  readonly raw: string | ArrayBuffer
}

/**
 * For clients that send their token as the first frame. The Worker accepts the socket, waits up to 10 seconds for the token,
 * opens a socket to the principal's object and forwards frames both ways. Such a socket does not hibernate.
 */
export function awaitAuthentication(ctx: Ctx, after: string | null): WebSocket {
  const { 0: client, 1: server } = new WebSocketPair()
  server.accept()
  server.send(frames.connection(ctx.newId(), false, null))
  ctx.defer(converse(ctx, server, after))
  return client
}

const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN

async function converse(ctx: Ctx, server: WebSocket, after: string | null): Promise<void> {
  const first = await receiveAuth(ctx, server)
  if (!first) return
  const held = [first.raw]
  const hold = ({ data }: MessageEvent) => {
    held.push(data)
    if (held.length > MAX_HELD) server.close(frames.CLOSE.policy, 'too many frames')
  }
  server.addEventListener('message', hold)
  const upstream = await openUpstream(ctx, server, first.frame, after)
  server.removeEventListener('message', hold)
  if (!upstream) return
  pipe(server, upstream)
  pipe(upstream, server)
  upstream.accept()
  if (!isOpen(server)) upstream.close(frames.CLOSE.normal, 'client left')
  else for (const frame of held) upstream.send(frame)
}

/** The first frame with a token; null when the socket was closed before it arrived. */
function receiveAuth(ctx: Ctx, server: WebSocket): Promise<FirstAuth | null> {
  return new Promise((resolve) => {
    let violations = 0
    const end = (result: FirstAuth | null): void => {
      clearTimeout(timer)
      server.removeEventListener('message', onMessage)
      resolve(result)
    }
    const refuse = (error: frames.FrameError, code: number, isFinal: boolean): void => {
      violations += 1
      if (isOpen(server)) server.send(frames.failure(error))
      if (!isFinal && violations < MAX_VIOLATIONS) return
      server.close(code, error)
      end(null)
    }
    const onMessage = ({ data }: MessageEvent): void => {
      const frame = frames.isTooLarge(data) ? null : frames.parseFrame(data)
      if (frame === null) refuse('frame_too_large', frames.CLOSE.tooLarge, true)
      else if (frame?.kind === 'auth') end({ frame, raw: data })
      else if (frame?.kind === 'ping') server.send(frames.pong(frame.timestamp ?? ctx.now()))
      else refuse(frame ? 'not_authenticated' : 'malformed_frame', frames.CLOSE.policy, false)
    }
    const timer = setTimeout(() => refuse('not_authenticated', frames.CLOSE.policy, true), AUTH_TIMEOUT_MS)
    server.addEventListener('message', onMessage)
    server.addEventListener('close', ({ code }) => {
      server.close(codeOfAnswer(code))
      end(null)
    })
  })
}

/** Null when the object's socket could not be opened; the client then got the reason, and its socket is closed. */
async function openUpstream(
  ctx: Ctx,
  server: WebSocket,
  { dialect, token }: AuthFrame,
  after: string | null,
): Promise<WebSocket | null> {
  const refuse = (answer: string, code: number, reason: string): null => {
    if (isOpen(server)) server.send(answer)
    server.close(code, reason)
    return null
  }
  try {
    const opened = await openSocket(ctx, { credential: { type: 'token', value: token }, after })
    if (opened.outcome === 'opened') return opened.socket
    return refuse(frames.authenticationFailed(dialect, opened.reason), frames.CLOSE.policy, opened.reason)
  } catch (thrown) {
    const isFull = thrown instanceof DomainError && thrown.code === tooManySockets.code
    if (!isFull) ctx.log.error('socket_not_opened', thrown)
    const error = isFull ? 'too_many_connections' : 'unavailable'
    return refuse(frames.failure(error), frames.CLOSE.tryLater, error)
  }
}

function pipe(from: WebSocket, to: WebSocket): void {
  from.addEventListener('message', ({ data }) => {
    if (isOpen(to)) to.send(data)
  })
  from.addEventListener('close', ({ code, reason }) => {
    from.close(codeOfAnswer(code))
    if (!isOpen(to)) return
    // 1005 and 1006 must not be sent (RFC 6455 7.4.1).
    if (code === 1005 || code === 1006) to.close(frames.CLOSE.failed, 'connection lost')
    else to.close(code, reason)
  })
}
