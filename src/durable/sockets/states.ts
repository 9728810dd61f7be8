import type { Log } from '../../lib/log.ts'
import type { SocketIdentity } from '../rpc.ts'
import type { OrganizationAccess } from './channels.ts'
import type { Positions } from './cursor.ts'
import { CLOSE } from './frames.ts'

/** A subscription to an organization's channel. */
export interface OrganizationSubscription extends Pick<OrganizationAccess, 'version' | 'seesAll'> {
  /** The last seq that was sent; those between it and the position are not for this member. */
  readonly sent: number
}

/** The state of one socket. It is stored in the attachment, so that it survives hibernation. */
export interface SocketState {
  readonly connectionId: string
  readonly identity: SocketIdentity
  readonly positions: Positions
  /** The head of each channel at its subscription: replayed events do not count as falling behind. */
  readonly replayedTo: Positions
  /** The positions that the client has acknowledged; null before its first acknowledgement. */
  readonly acked: Positions | null
  /** How many frames were invalid. */
  readonly violations: number
  /** By channel. Absent in sockets of the release before. */
  readonly organizations?: Readonly<Record<string, OrganizationSubscription>>
}

export interface SocketStates {
  get(socket: WebSocket): SocketState
  put(socket: WebSocket, state: SocketState): void
  update(socket: WebSocket, change: Partial<SocketState>): SocketState
  /** Sockets that can be sent to. */
  open(): WebSocket[]
  /** False when the peer is gone; it will resume from its own cursor. */
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
