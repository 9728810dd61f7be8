import type { Log } from '../../lib/log.ts'
import type { SocketIdentity } from '../rpc.ts'
import type { Positions } from './cursor.ts'
import { CLOSE } from './frames.ts'

/** All that is known of a socket. It stands in the attachment, so that it outlives hibernation. */
export interface SocketState {
  readonly connectionId: string
  readonly identity: SocketIdentity
  readonly positions: Positions
  /** The head of each channel when it was subscribed: what was replayed does not count as falling behind. */
  readonly replayedTo: Positions
  /** What the client has acknowledged; null until it acknowledges for the first time. */
  readonly acked: Positions | null
  /** Frames that were no good. */
  readonly violations: number
}

export interface SocketStates {
  get(socket: WebSocket): SocketState
  put(socket: WebSocket, state: SocketState): void
  update(socket: WebSocket, change: Partial<SocketState>): SocketState
  /** Sockets that can be sent to. */
  open(): WebSocket[]
  /** False when the peer is gone; it resumes from what it has. */
  send(socket: WebSocket, frame: string): boolean
}

export const isOpen = (socket: WebSocket): boolean => socket.readyState === WebSocket.OPEN

export function createSocketStates(state: Pick<DurableObjectState, 'getWebSockets'>, logger: Log): SocketStates {
  const cached = new WeakMap<WebSocket, SocketState>()

  const get = (socket: WebSocket): SocketState => {
    const known = cached.get(socket) ?? (socket.deserializeAttachment() as SocketState)
    cached.set(socket, known)
    return known
  }

  const put = (socket: WebSocket, next: SocketState): void => {
    cached.set(socket, next)
    socket.serializeAttachment(next)
  }

  return {
    get,
    put,
    update(socket, change) {
      const next = { ...get(socket), ...change }
      put(socket, next)
      return next
    },
    open: () => state.getWebSockets().filter(isOpen),
    send(socket, frame) {
      if (!isOpen(socket)) return false
      try {
        socket.send(frame)
        return true
      } catch (cause) {
        logger.error('socket_send_failed', cause)
        socket.close(CLOSE.failed, 'failed')
        return false
      }
    },
  }
}
