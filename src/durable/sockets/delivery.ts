import type { Log } from '../../lib/log.ts'
import { delay, SECOND, within } from '../../lib/time.ts'
import type { EventLog } from '../event-log.ts'
import type { LoggedEvent, LogPage } from '../rpc.ts'
import { mayHear, ownChannel } from './channels.ts'
import { encodeCursor } from './cursor.ts'
import { CLOSE, type Dialect, eventBody, eventFrame, gap, subscription } from './frames.ts'
import { isOpen, type SocketState, type SocketStates } from './states.ts'

const PAGE = 200
const READ_MS = 5 * SECOND
/** A client that acknowledges events and is this many behind is disconnected; it can resume from its cursor. */
const MAX_BEHIND = 1000

/** The source of events of channels that are not the object's own. */
export interface HubReader {
  /** Makes the hub send this object its events from now on; returns the hub's head. */
  join(channel: string): Promise<number>
  read(channel: string, after: number, limit: number): Promise<LogPage>
}

export interface DeliveryOptions {
  readonly states: SocketStates
  /** The object's own log: of a user, or of a hub. */
  readonly log: EventLog
  /** Null when the object serves only its own channel. */
  readonly hub: HubReader | null
  readonly logger: Log
  /** Keeps the object alive until the work is done. */
  defer(work: Promise<unknown>): void
  /** A read failed: the caller must call `catchUp` later. */
  retry(): void
}

/**
 * Sends each socket each event of each of its channels that it may hear, once and in order. A socket's position is the last seq that it was
 * sent. A live event is sent only if it is the next one; otherwise the log is read, so there is no gap between replay and live.
 */
export interface Delivery {
  /** Takes new events of a channel, in order. Those of the object's own channel are sent before this returns. */
  live(channel: string, events: readonly LoggedEvent[]): void
  /** Starts to send the events after the socket's position. */
  start(socket: WebSocket, channel: string): void
  /** Makes the channel's hub send its events here, from its head on, which `subscribe` gets. */
  join<T>(channel: string, subscribe: (head: number) => T | Promise<T>): Promise<T>
  /** Ends the socket's subscription, with a frame. */
  leave(socket: WebSocket, dialect: Dialect, channel: string): void
  /** The highest known seq of a channel. */
  knownHead(socket: WebSocket, channel: string): number
  /** The highest version of an organization that an event of its channel had; 0 if none was seen. */
  knownVersion(channel: string): number
  /** Sends, synchronously, all events of the object's own log that the socket lacks. */
  flush(socket: WebSocket): void
  /** Reads hubs again for every socket. */
  catchUp(): Promise<void>
  /** Whether a socket is subscribed to the channel, or is about to be. */
  isWanted(channel: string): boolean
}

const NO_HUB: HubReader = {
  join: () => Promise.reject(new Error('no other channels are served here')),
  read: () => Promise.reject(new Error('no other channels are served here')),
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { states, log, logger, defer, retry } = options
  const hub = options.hub ?? NO_HUB
  /** The highest seq that is known of each hub. */
  const heads = new Map<string, number>()
  /** The highest version that is known of each organization. Events arrive before a socket that is about to subscribe, too. */
  const versions = new Map<string, number>()
  const joining = new Map<string, number>()
  /** Channels that are being read for each socket. */
  const pumping = new WeakMap<WebSocket, Set<string>>()

  const positionOf = (socket: WebSocket, channel: string): number | undefined =>
    isOpen(socket) ? states.get(socket).positions[channel] : undefined

  const isOwn = (socket: WebSocket, channel: string): boolean => channel === ownChannel(states.get(socket).identity)

  const knownHead = (socket: WebSocket, channel: string): number =>
    isOwn(socket, channel) ? log.head() : (heads.get(channel) ?? 0)

  const noteHead = (channel: string, head: number): unknown =>
    heads.set(channel, Math.max(head, heads.get(channel) ?? 0))

  /** Sends the events above the position, each with its cursor. `bodies` is shared by the sockets of a channel. */
  function sendEvents(
    socket: WebSocket,
    channel: string,
    events: readonly LoggedEvent[],
    bodies: Map<number, string>,
  ): void {
    const { positions, organizations } = states.get(socket)
    const access = organizations?.[channel]
    const fresh = events.filter(({ seq }) => seq > (positions[channel] ?? 0))
    const last = fresh.at(-1)
    if (!last) return
    const heard = access ? fresh.filter(({ event }) => mayHear(access, event)) : fresh
    for (const event of heard) {
      const body = bodies.get(event.seq) ?? eventBody(channel, event)
      bodies.set(event.seq, body)
      const cursor = encodeCursor({ ...positions, [channel]: event.seq })
      if (!states.send(socket, eventFrame(body, cursor))) return
    }
    const state = states.update(socket, {
      positions: { ...positions, [channel]: last.seq },
      ...(access && {
        organizations: { ...organizations, [channel]: { ...access, sent: heard.at(-1)?.seq ?? access.sent } },
        acked: ackedBefore(states.get(socket), channel, heard[0]),
      }),
    })
    if (behind(state) >= MAX_BEHIND) socket.close(CLOSE.slow, 'too far behind')
  }

  /** The index of the event that ends the socket's subscription; -1 without one. Whatever the position: a client can invent it. */
  function findEnd(socket: WebSocket, channel: string, events: readonly LoggedEvent[]): number {
    const version = states.get(socket).organizations?.[channel]?.version ?? Number.POSITIVE_INFINITY
    return events.findIndex(({ event }) => (event.organizationVersion ?? 0) > version)
  }

  /** As `sendEvents`, up to the event that ends the subscription. */
  function sendUntilEnd(
    socket: WebSocket,
    channel: string,
    events: readonly LoggedEvent[],
    bodies: Map<number, string>,
  ): void {
    const end = findEnd(socket, channel, events)
    sendEvents(socket, channel, end < 0 ? events : events.slice(0, end + 1), bodies)
    if (end >= 0) leave(socket, 'flat', channel)
  }

  function leave(socket: WebSocket, dialect: Dialect, channel: string): void {
    const { [channel]: _, ...positions } = states.get(socket).positions
    const { [channel]: __, ...organizations } = states.get(socket).organizations ?? {}
    states.update(socket, { positions, organizations })
    states.send(socket, subscription(dialect, 'unsubscribed', channel, encodeCursor(positions)))
  }

  /** Sends a page that was read from `after` on; first a `gap` frame for events that the log no longer has. */
  function sendPage(socket: WebSocket, channel: string, after: number, page: LogPage): void {
    const reset = after > page.head
    const first = reset ? 1 : after + 1
    const isGap = reset || page.oldest > first
    if (isGap) {
      const { positions } = states.get(socket)
      if (!states.send(socket, gap(channel, first, page.oldest - 1, reset))) return
      states.update(socket, { positions: { ...positions, [channel]: page.oldest - 1 } })
    }
    // One of the lost events may have ended the subscription.
    if (isGap && isPastSubscription(states.get(socket), channel)) leave(socket, 'flat', channel)
    else sendUntilEnd(socket, channel, page.events, new Map())
  }

  const read = async (socket: WebSocket, channel: string, after: number): Promise<LogPage> =>
    isOwn(socket, channel) ? log.read(after, PAGE) : within(READ_MS, hub.read(channel, after, PAGE))

  /** Reads pages until the socket is up to date. Reads at least one: after a restart the hub's head is not known here. */
  async function pump(socket: WebSocket, channel: string): Promise<void> {
    for (;;) {
      const after = positionOf(socket, channel)
      if (after === undefined) return
      const page = await read(socket, channel, after)
      const position = positionOf(socket, channel)
      if (position === undefined) return
      // A resume may have moved the position back while the page was read.
      if (position < after) continue
      if (position === after) sendPage(socket, channel, after, page)
      if (!isOwn(socket, channel)) noteHead(channel, page.head)
      const reached = positionOf(socket, channel)
      const stuck = reached === after && page.events.length === 0
      if (reached === undefined || stuck || reached >= knownHead(socket, channel)) return
      // Lets other work run between pages.
      await delay(0)
    }
  }

  async function pumpOnce(socket: WebSocket, channel: string): Promise<void> {
    const channels = pumping.get(socket) ?? new Set()
    if (channels.has(channel)) return
    pumping.set(socket, channels.add(channel))
    try {
      await pump(socket, channel)
    } catch (cause) {
      logger.error('hub_not_read', cause, { channel })
      retry()
    } finally {
      channels.delete(channel)
    }
  }

  function flush(socket: WebSocket): void {
    const channel = ownChannel(states.get(socket).identity)
    for (;;) {
      const after = positionOf(socket, channel)
      if (after === undefined || after >= log.head()) return
      sendPage(socket, channel, after, log.read(after, PAGE))
      if (positionOf(socket, channel) === after) return
    }
  }

  function sendLive(
    socket: WebSocket,
    channel: string,
    events: readonly LoggedEvent[],
    bodies: Map<number, string>,
  ): void {
    const position = positionOf(socket, channel)
    if (position === undefined) return
    const isPumping = pumping.get(socket)?.has(channel) ?? false
    if (!isPumping && (events[0]?.seq ?? 0) <= position + 1) sendUntilEnd(socket, channel, events, bodies)
    else if (findEnd(socket, channel, events) >= 0) leave(socket, 'flat', channel)
    else if (isPumping) return
    else if (isOwn(socket, channel)) flush(socket)
    else defer(pumpOnce(socket, channel))
  }

  return {
    flush,
    live(channel, events) {
      const last = events.at(-1)
      if (!last) return
      noteHead(channel, last.seq)
      for (const { event } of events)
        versions.set(channel, Math.max(event.organizationVersion ?? 0, versions.get(channel) ?? 0))
      const bodies = new Map<number, string>()
      for (const socket of states.open()) sendLive(socket, channel, events, bodies)
    },
    start(socket, channel) {
      if (positionOf(socket, channel) !== knownHead(socket, channel)) defer(pumpOnce(socket, channel))
    },
    knownHead,
    knownVersion: (channel) => versions.get(channel) ?? 0,
    leave,
    async join(channel, subscribe) {
      joining.set(channel, (joining.get(channel) ?? 0) + 1)
      try {
        noteHead(channel, await within(READ_MS, hub.join(channel)))
        return await subscribe(heads.get(channel) ?? 0)
      } finally {
        joining.set(channel, (joining.get(channel) ?? 1) - 1)
      }
    },
    async catchUp() {
      const all = states.open().flatMap((socket) =>
        Object.keys(states.get(socket).positions)
          .filter((channel) => !isOwn(socket, channel))
          .map((channel) => pumpOnce(socket, channel)),
      )
      await Promise.all(all)
    },
    isWanted: (channel) =>
      (joining.get(channel) ?? 0) > 0 || states.open().some((socket) => positionOf(socket, channel) !== undefined),
  }
}

/** Whether the position on an organization's channel is beyond what the log had at the subscription. */
const isPastSubscription = ({ organizations, positions, replayedTo }: SocketState, channel: string): boolean =>
  organizations?.[channel] !== undefined && (positions[channel] ?? 0) > (replayedTo[channel] ?? 0)

/** How many live events the client has not acknowledged; 0 for a client that never acknowledges. */
function behind({ positions, replayedTo, acked, organizations }: SocketState): number {
  if (!acked) return 0
  return Object.entries(positions).reduce((sum, [channel, position]) => {
    const sent = organizations?.[channel]?.sent ?? position
    return sum + Math.max(0, sent - reachedOn({ acked, replayedTo }, channel))
  }, 0)
}

const reachedOn = ({ acked, replayedTo }: Pick<SocketState, 'acked' | 'replayedTo'>, channel: string): number =>
  Math.max(acked?.[channel] ?? 0, replayedTo[channel] ?? 0)

/** A socket that has acknowledged all it was sent is not behind by the events before `next`: it does not hear them. */
function ackedBefore(state: SocketState, channel: string, next: LoggedEvent | undefined): SocketState['acked'] {
  const sent = state.organizations?.[channel]?.sent ?? 0
  if (!state.acked || !next || reachedOn(state, channel) < sent) return state.acked
  return { ...state.acked, [channel]: next.seq - 1 }
}
