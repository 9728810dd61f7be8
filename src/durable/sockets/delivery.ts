import type { Log } from '../../lib/log.ts'
import { delay, SECOND, within } from '../../lib/time.ts'
import type { EventLog } from '../event-log.ts'
import type { LoggedEvent, LogPage } from '../rpc.ts'
import { ownChannel } from './channels.ts'
import { encodeCursor } from './cursor.ts'
import { CLOSE, eventBody, eventFrame, gap } from './frames.ts'
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
 * Sends each socket each event of each of its channels once and in order. A socket's position is the last seq that it was
 * sent. A live event is sent only if it is the next one; otherwise the log is read, so there is no gap between replay and live.
 */
export interface Delivery {
  /** Takes new events of a channel, in order. Those of the object's own channel are sent before this returns. */
  live(channel: string, events: readonly LoggedEvent[]): void
  /** Starts to send the events after the socket's position. */
  start(socket: WebSocket, channel: string): void
  /** Makes the channel's hub send its events here; returns its head. */
  join(channel: string): Promise<number>
  /** The highest known seq of a channel. */
  knownHead(socket: WebSocket, channel: string): number
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
    const { positions } = states.get(socket)
    const fresh = events.filter(({ seq }) => seq > (positions[channel] ?? 0))
    const last = fresh.at(-1)
    if (!last) return
    for (const event of fresh) {
      const body = bodies.get(event.seq) ?? eventBody(channel, event)
      bodies.set(event.seq, body)
      const cursor = encodeCursor({ ...positions, [channel]: event.seq })
      if (!states.send(socket, eventFrame(body, cursor))) return
    }
    const state = states.update(socket, { positions: { ...positions, [channel]: last.seq } })
    if (behind(state) >= MAX_BEHIND) socket.close(CLOSE.slow, 'too far behind')
  }

  /** Sends a page that was read from `after` on; first a `gap` frame for events that the log no longer has. */
  function sendPage(socket: WebSocket, channel: string, after: number, page: LogPage): void {
    const reset = after > page.head
    const first = reset ? 1 : after + 1
    if (reset || page.oldest > first) {
      const { positions } = states.get(socket)
      if (!states.send(socket, gap(channel, first, page.oldest - 1, reset))) return
      states.update(socket, { positions: { ...positions, [channel]: page.oldest - 1 } })
    }
    sendEvents(socket, channel, page.events, new Map())
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
    if (position === undefined || pumping.get(socket)?.has(channel)) return
    if ((events[0]?.seq ?? 0) <= position + 1) sendEvents(socket, channel, events, bodies)
    else if (isOwn(socket, channel)) flush(socket)
    else defer(pumpOnce(socket, channel))
  }

  return {
    flush,
    live(channel, events) {
      const last = events.at(-1)
      if (!last) return
      noteHead(channel, last.seq)
      const bodies = new Map<number, string>()
      for (const socket of states.open()) sendLive(socket, channel, events, bodies)
    },
    start(socket, channel) {
      if (positionOf(socket, channel) !== knownHead(socket, channel)) defer(pumpOnce(socket, channel))
    },
    knownHead,
    async join(channel) {
      joining.set(channel, (joining.get(channel) ?? 0) + 1)
      try {
        noteHead(channel, await within(READ_MS, hub.join(channel)))
        return heads.get(channel) ?? 0
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

/** How many live events the client has not acknowledged; 0 for a client that never acknowledges. */
function behind({ positions, replayedTo, acked }: SocketState): number {
  if (!acked) return 0
  return Object.entries(positions).reduce((sum, [channel, position]) => {
    const reached = Math.max(acked[channel] ?? 0, replayedTo[channel] ?? 0)
    return sum + Math.max(0, position - reached)
  }, 0)
}
