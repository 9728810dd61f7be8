import type { EarlyCtx } from '../../context.ts'
import type { Log } from '../../lib/log.ts'
import { SECOND } from '../../lib/time.ts'
import type { Alarms } from '../alarms.ts'
import type { EventLog } from '../event-log.ts'
import type { LoggedEvent, SocketIdentity } from '../rpc.ts'
import { mayRead, type OrganizationAccess, organizationOf, ownChannel } from './channels.ts'
import { createConversation } from './conversation.ts'
import { decodeCursor, encodeCursor, type Positions } from './cursor.ts'
import { createDelivery, type HubReader } from './delivery.ts'
import { CLOSE, connection, PING, PONG } from './frames.ts'
import { createSocketStates } from './states.ts'
import type { Tickets } from './tickets.ts'
import { fromUpgrade } from './upgrade.ts'

const EXPIRY_ALARM = 'sockets-expiry'
const CATCH_UP_ALARM = 'sockets-catch-up'
const CATCH_UP_MS = 2 * SECOND

/** Resolves an access token to the identity of a socket; null for an invalid token. Throws SERVICE_UNAVAILABLE. */
export type IdentifyToken = (ctx: EarlyCtx, token: string) => Promise<SocketIdentity | null>

/** Reads what a user may read of an organization; null for nothing. Throws SERVICE_UNAVAILABLE. */
export type FindAccess = (
  ctx: EarlyCtx,
  identity: SocketIdentity,
  organizationId: string,
) => Promise<OrganizationAccess | null>

export interface SocketsOptions {
  readonly state: DurableObjectState
  readonly log: EventLog
  readonly alarms: Alarms
  /** Null when the object serves only its own channel. */
  readonly hub: HubReader | null
  readonly tickets: Tickets
  readonly logger: Log
  /** How many sockets may be open; further ones are refused. */
  readonly limit: number
  clock(): number
  /** Null when the token is not valid. */
  verify(token: string): Promise<SocketIdentity | null>
  /** Whether the principal may still have a socket, according to the object's own storage. */
  isLive(identity: SocketIdentity): boolean
  findAccess(identity: SocketIdentity, organizationId: string): Promise<OrganizationAccess | null>
  /** The user's highest claims version that the object knows; 0 for a hub. */
  claimsVersion(): number
}

/** The sockets of one object: a user's, or those of a hub's service clients. They hibernate; their state is in the attachment. */
export interface Sockets {
  /** Answers an upgrade request: 101, 400 invalid cursor, 401 invalid ticket or ended session, 429 too many sockets. */
  upgrade(request: Request): Response
  message(socket: WebSocket, data: string | ArrayBuffer): Promise<void>
  /** Sends new events of the object's own log. The end of a session closes its sockets, after they got the event. */
  deliver(channel: string, events: readonly LoggedEvent[]): void
  /** Sends events that a hub delivers; false when no socket is subscribed any more. */
  takeHubEvents(topic: string, events: readonly LoggedEvent[]): boolean
  closeClient(clientId: string): void
  /** Closes all sockets of an erased user. */
  closeAll(reason: string): void
  /** Sockets whose token has a lower `ver` keep only their own channel, until they authenticate with a newer token. */
  dropStaleRights(version: number): void
  /** Does the work of the sockets' named alarms; ignores other names. */
  onAlarm(name: string): Promise<void>
}

export function createSockets(options: SocketsOptions): Sockets {
  const { state, log, alarms, hub, tickets, logger, limit, clock, verify, isLive } = options
  const states = createSocketStates(state, logger)
  const isValid = (identity: SocketIdentity): boolean => identity.expiresAt > clock() && isLive(identity)
  const onExtended = (identity: SocketIdentity): void => alarms.ensure(EXPIRY_ALARM, identity.expiresAt)
  const delivery = createDelivery({
    states,
    log,
    hub,
    logger,
    defer: (work) => state.waitUntil(work),
    retry: () => alarms.ensure(CATCH_UP_ALARM, clock() + CATCH_UP_MS),
  })
  const { findAccess, claimsVersion } = options
  const conversation = createConversation({
    states,
    delivery,
    logger,
    clock,
    verify,
    isValid,
    onExtended,
    findAccess,
    claimsVersion,
  })
  state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))

  function accept(identity: SocketIdentity, after: Positions | null): Response {
    const { 0: client, 1: server } = new WebSocketPair()
    const connectionId = crypto.randomUUID()
    const own = ownChannel(identity)
    const head = log.head()
    const positions = { [own]: after?.[own] ?? head }
    state.acceptWebSocket(server)
    states.put(server, { connectionId, identity, positions, replayedTo: { [own]: head }, acked: null, violations: 0 })
    onExtended(identity)
    // Channels of the cursor are not subscribed yet: for those that the client may be allowed to read, its own positions are returned.
    const mayBeRead = (channel: string) => mayRead(identity, channel) || organizationOf(channel) !== undefined
    const readable = Object.entries(after ?? {}).filter(([channel]) => mayBeRead(channel))
    const cursor = encodeCursor({ ...positions, ...Object.fromEntries(readable) })
    states.send(server, connection(connectionId, true, cursor))
    if (after) state.waitUntil(conversation.resume(server, after))
    return new Response(null, { status: 101, webSocket: client })
  }

  /** Before a socket closes it gets the rest of the object's own log, which includes the event that explains why. */
  function closeWhere(matches: (identity: SocketIdentity) => boolean, code: number, reason: string): void {
    for (const socket of states.open()) {
      if (!matches(states.get(socket).identity)) continue
      delivery.flush(socket)
      socket.close(code, reason)
    }
  }

  const closeSession = (sessionId: string, code: number, reason: string): void =>
    closeWhere(({ principal }) => principal.type === 'user' && principal.sessionId === sessionId, code, reason)

  /** The change is committed already: a failing socket must not make the call fail. */
  function safely(work: () => void): void {
    try {
      work()
    } catch (cause) {
      logger.error('sockets_failed', cause)
    }
  }

  function closeExpired(): void {
    const now = clock()
    for (const socket of states.open()) {
      if (states.get(socket).identity.expiresAt <= now) socket.close(CLOSE.expired, 'token expired')
    }
    const next = Math.min(...states.open().map((socket) => states.get(socket).identity.expiresAt))
    if (Number.isFinite(next)) alarms.set(EXPIRY_ALARM, next)
  }

  return {
    upgrade(request) {
      const asked = fromUpgrade(request)
      const after = asked?.after ? decodeCursor(asked.after) : null
      if (!asked || after === undefined) return new Response(null, { status: 400 })
      // Checked before the ticket is redeemed, so that a refused client can use its ticket again.
      if (states.open().length >= limit) return new Response(null, { status: 429 })
      const { credential } = asked
      const identity = credential.type === 'ticket' ? tickets.redeem(credential.ticket, clock()) : credential.identity
      if (!identity || !isValid(identity)) return new Response(null, { status: 401 })
      return accept(identity, after)
    },

    message: (socket, data) => conversation.message(socket, data),

    deliver: (channel, events) =>
      safely(() => {
        delivery.live(channel, events)
        for (const { event } of events) {
          if (event.sessionId === null) continue
          if (event.type === 'session.revoked') closeSession(event.sessionId, CLOSE.revoked, 'session revoked')
          if (event.type === 'session.expired') closeSession(event.sessionId, CLOSE.expired, 'session expired')
        }
      }),

    takeHubEvents(topic, events) {
      delivery.live(topic, events)
      return delivery.isWanted(topic)
    },

    closeClient: (clientId) =>
      closeWhere(
        ({ principal }) => principal.type === 'client' && principal.clientId === clientId,
        CLOSE.revoked,
        'client disabled',
      ),

    closeAll: (reason) => safely(() => closeWhere(() => true, CLOSE.revoked, reason)),

    dropStaleRights: (version) =>
      safely(() => {
        for (const socket of states.open()) {
          const { identity } = states.get(socket)
          if ((identity.claimsVersion ?? 0) >= version) continue
          states.update(socket, { identity: { ...identity, isAdmin: false, topics: [] }, organizations: {} })
          conversation.dropForbidden(socket)
        }
      }),

    async onAlarm(name) {
      if (name === EXPIRY_ALARM) closeExpired()
      if (name === CATCH_UP_ALARM) await delivery.catchUp()
    },
  }
}
