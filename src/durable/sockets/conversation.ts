import type { Log } from '../../lib/log.ts'
import type { SocketIdentity } from '../rpc.ts'
import {
  isSamePrincipal,
  keepsRights,
  mayRead,
  type OrganizationAccess,
  organizationOf,
  ownChannel,
} from './channels.ts'
import { decodeCursor, encodeCursor, MAX_CHANNELS, type Positions } from './cursor.ts'
import type { Delivery } from './delivery.ts'
import * as frames from './frames.ts'
import { isOpen, type SocketStates } from './states.ts'

/** The invalid frame that closes the socket: the fifth, or the second if it is too large. */
const MAX_VIOLATIONS = 5
const MAX_TOO_LARGE = 2
/** How many frames of one socket may wait for an answer. */
const MAX_WAITING = 100

export interface ConversationOptions {
  readonly states: SocketStates
  readonly delivery: Delivery
  readonly logger: Log
  clock(): number
  /** Null when the token is not valid. */
  verify(token: string): Promise<SocketIdentity | null>
  /** Called after `verify`, with no await before the identity is stored. */
  isValid(identity: SocketIdentity): boolean
  onExtended(identity: SocketIdentity): void
  /** Null when there is nothing for it to read. Throws when the database does not answer. */
  findAccess(identity: SocketIdentity, organizationId: string): Promise<OrganizationAccess | null>
  /** The user's highest claims version that the object knows; 0 for a hub. */
  claimsVersion(): number
}

/** Answers the frames of clients. */
export interface Conversation {
  message(socket: WebSocket, data: string | ArrayBuffer): Promise<void>
  /** Subscribes to the channels of a cursor and replays each from its position. */
  resume(socket: WebSocket, after: Positions): Promise<void>
  /** Unsubscribes from channels that the socket's identity may no longer read, and sends a frame for each. */
  dropForbidden(socket: WebSocket): void
}

export function createConversation(options: ConversationOptions): Conversation {
  const { states, delivery, logger, clock, verify, isValid, onExtended, findAccess, claimsVersion } = options
  const waiting = new WeakMap<WebSocket, { count: number; last: Promise<void> }>()

  const cursorOf = (socket: WebSocket): string => encodeCursor(states.get(socket).positions)

  function refuse(socket: WebSocket, error: frames.FrameError, code: number, allowed: number): void {
    const { violations } = states.update(socket, { violations: states.get(socket).violations + 1 })
    states.send(socket, frames.failure(error))
    if (violations >= allowed) socket.close(code, error)
  }

  const refuseFrame = (socket: WebSocket, error: frames.FrameError): void =>
    refuse(socket, error, frames.CLOSE.policy, MAX_VIOLATIONS)

  function place(
    socket: WebSocket,
    channel: string,
    { after, head }: { after: number | null; head: number },
    access?: OrganizationAccess,
  ): void {
    const { positions, replayedTo, organizations } = states.get(socket)
    states.update(socket, {
      positions: { ...positions, [channel]: after ?? head },
      replayedTo: { ...replayedTo, [channel]: head },
      ...(access && {
        organizations: { ...organizations, [channel]: { version: access.version, seesAll: access.seesAll, sent: 0 } },
      }),
    })
  }

  /** Whether the user's rights are still those that the access was read with, and those of the socket's token. */
  const isCurrent = (access: OrganizationAccess, readFor: SocketIdentity, identity: SocketIdentity): boolean =>
    keepsRights(readFor, identity) &&
    claimsVersion() <= access.claimsVersion &&
    access.claimsVersion <= (identity.claimsVersion ?? 0)

  /**
   * As `join`. The access is read twice: before the hub is called, because no stranger may create an object; and after it, because
   * only what changes from then on reaches the socket as an event.
   */
  async function joinOrganization(
    socket: WebSocket,
    channel: string,
    organizationId: string,
    after: number | null,
  ): Promise<frames.FrameError | null> {
    const isJoined =
      (await findAccess(states.get(socket).identity, organizationId)) !== null &&
      (await delivery.join(channel, async (head) => {
        const { identity } = states.get(socket)
        const access = await findAccess(identity, organizationId)
        // No await from here on: a removal that the object learns of later finds the subscription in place.
        if (!access || !isOpen(socket) || !isCurrent(access, identity, states.get(socket).identity)) return false
        if (access.version < delivery.knownVersion(channel)) return false
        place(socket, channel, { after, head }, access)
        return true
      }))
    if (isJoined) return null
    if (isOpen(socket) && states.get(socket).positions[channel] !== undefined) delivery.leave(socket, 'flat', channel)
    return 'forbidden_channel'
  }

  /** Subscribes the socket to `channel`, from `after` or from its head on. Returns why not, or null. */
  async function join(socket: WebSocket, channel: string, after: number | null): Promise<frames.FrameError | null> {
    const { identity, positions } = states.get(socket)
    const organizationId = identity.principal.type === 'user' ? organizationOf(channel) : undefined
    if (organizationId === undefined && !mayRead(identity, channel)) return 'forbidden_channel'
    const isSubscribed = positions[channel] !== undefined
    if (isSubscribed && after === null) return null
    if (!isSubscribed && Object.keys(positions).length >= MAX_CHANNELS) return 'too_many_channels'
    // No await on this path: an event that arrived meanwhile would be sent before earlier ones.
    if (organizationId === undefined && (isSubscribed || channel === ownChannel(identity))) {
      const head = Math.max(delivery.knownHead(socket, channel), positions[channel] ?? 0)
      place(socket, channel, { after, head })
      return null
    }
    try {
      if (organizationId !== undefined) return await joinOrganization(socket, channel, organizationId, after)
      return await delivery.join(channel, (head) => {
        // The rights may have been lost during the call of the hub.
        if (!isOpen(socket) || !mayRead(states.get(socket).identity, channel)) return 'forbidden_channel'
        place(socket, channel, { after, head })
        return null
      })
    } catch (cause) {
      logger.error('hub_not_joined', cause, { channel })
      return 'unavailable'
    }
  }

  async function resume(socket: WebSocket, after: Positions): Promise<void> {
    const joined: string[] = []
    const { identity, positions } = states.get(socket)
    const isHere = ([channel]: [string, number]) => positions[channel] !== undefined || channel === ownChannel(identity)
    // Channels that need no call of a hub come first: they are subscribed without an await.
    const entries = Object.entries(after).sort((a, b) => Number(isHere(b)) - Number(isHere(a)))
    for (const [channel, seq] of entries) {
      const error = await join(socket, channel, seq)
      if (error) states.send(socket, frames.failure(error, channel))
      else joined.push(channel)
    }
    if (!isOpen(socket)) return
    states.send(socket, frames.resumed(joined, cursorOf(socket)))
    for (const channel of joined) delivery.start(socket, channel)
  }

  async function subscribe(socket: WebSocket, dialect: frames.Dialect, channel: string): Promise<void> {
    const error = await join(socket, channel, null)
    if (!isOpen(socket)) return
    states.send(
      socket,
      error ? frames.failure(error, channel) : frames.subscription(dialect, 'subscribed', channel, cursorOf(socket)),
    )
    if (!error) delivery.start(socket, channel)
  }

  function dropForbidden(socket: WebSocket): void {
    const { identity, positions, organizations } = states.get(socket)
    for (const channel of Object.keys(positions)) {
      if (!organizations?.[channel] && !mayRead(identity, channel)) delivery.leave(socket, 'flat', channel)
    }
  }

  async function authenticate(socket: WebSocket, dialect: frames.Dialect, token: string): Promise<void> {
    const identity = await verify(token)
    if (!isOpen(socket)) return
    if (!identity || !isSamePrincipal(identity, states.get(socket).identity) || !isValid(identity)) {
      states.send(socket, frames.authenticationFailed(dialect, 'invalid_token'))
      socket.close(frames.CLOSE.policy, 'invalid_token')
      return
    }
    states.update(socket, {
      identity,
      ...(keepsRights(states.get(socket).identity, identity) ? {} : { organizations: {} }),
    })
    onExtended(identity)
    states.send(socket, frames.authenticated(dialect, identity))
    dropForbidden(socket)
  }

  function acknowledge(socket: WebSocket, given: Positions): void {
    const { positions, acked } = states.get(socket)
    const entries = Object.entries(positions).map(([channel, position]): [string, number] => {
      const before = acked?.[channel] ?? 0
      return [channel, Math.max(before, Math.min(position, given[channel] ?? before))]
    })
    states.update(socket, { acked: Object.fromEntries(entries) })
  }

  async function answer(socket: WebSocket, frame: frames.ClientFrame): Promise<unknown> {
    switch (frame.kind) {
      case 'auth':
        return authenticate(socket, frame.dialect, frame.token)
      case 'subscribe':
        return subscribe(socket, frame.dialect, frame.channel)
      case 'unsubscribe':
        return delivery.leave(socket, frame.dialect, frame.channel)
      case 'publish':
        return states.send(socket, frames.failure('publishing_not_allowed'))
      case 'ping':
        return states.send(socket, frames.pong(frame.timestamp ?? clock()))
      case 'ack': {
        const given = decodeCursor(frame.cursor)
        return given ? acknowledge(socket, given) : refuseFrame(socket, 'invalid_cursor')
      }
      case 'resume': {
        const after = decodeCursor(frame.after)
        return after ? resume(socket, after) : refuseFrame(socket, 'invalid_cursor')
      }
    }
  }

  async function handle(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    if (!isOpen(socket)) return
    if (frames.isTooLarge(data)) return refuse(socket, 'frame_too_large', frames.CLOSE.tooLarge, MAX_TOO_LARGE)
    const frame = frames.parseFrame(data)
    if (frame) await answer(socket, frame)
    else refuseFrame(socket, 'malformed_frame')
  }

  return {
    resume,
    dropForbidden,
    message(socket, data) {
      // Frames are answered one after another, so that a `subscribe` has the rights of the `auth` before it.
      const queue = waiting.get(socket) ?? { count: 0, last: Promise.resolve() }
      waiting.set(socket, queue)
      if (queue.count >= MAX_WAITING) {
        socket.close(frames.CLOSE.policy, 'too many frames')
        return queue.last
      }
      queue.count += 1
      queue.last = queue.last
        .then(() => handle(socket, data))
        .catch((cause: unknown) => {
          logger.error('frame_failed', cause)
          states.send(socket, frames.failure('unavailable'))
        })
        .finally(() => {
          queue.count -= 1
        })
      return queue.last
    },
  }
}
