import { expect, vi } from 'vitest'
import type { TestApp } from './app.ts'

export interface Frame {
  readonly type: string
  readonly id?: string
  readonly seq?: number
  readonly cursor?: string
  readonly channel?: string
  readonly event?: string
  readonly data?: Record<string, unknown>
  readonly [name: string]: unknown
}

export interface TestSocket {
  /** Everything that came, in order. */
  readonly frames: readonly Frame[]
  /** Those of them that are events. */
  readonly events: () => Frame[]
  readonly send: (frame: unknown) => void
  /** The first frame of this type that came or comes. */
  readonly first: (type: string) => Promise<Frame>
  /** The frames of this type, once there are as many as `count`. */
  readonly count: (type: string, count: number) => Promise<Frame[]>
  readonly closed: () => Promise<{ code: number; reason: string }>
  readonly isClosed: () => boolean
  readonly close: () => void
  /** The position after everything that came. */
  readonly cursor: () => string
}

export function readSocket(socket: WebSocket): TestSocket {
  const frames: Frame[] = []
  let end: { code: number; reason: string } | null = null
  socket.addEventListener('message', ({ data }) => {
    frames.push(JSON.parse(String(data)))
  })
  socket.addEventListener('close', ({ code, reason }) => {
    end = { code, reason }
  })
  // An end that dies without a close frame is an error here, and 1006 to a browser.
  socket.addEventListener('error', () => {
    end ??= { code: 1006, reason: '' }
  })
  socket.accept()
  const ofType = (type: string) => frames.filter((frame) => frame.type === type)
  return {
    frames,
    events: () => frames.filter(({ seq }) => seq !== undefined),
    send: (frame) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    first: (type) =>
      vi.waitFor(
        () => {
          const [frame] = ofType(type)
          if (!frame) throw new Error(`no ${type} among ${JSON.stringify(frames.map((one) => one.type))}`)
          return frame
        },
        { timeout: 10_000, interval: 10 },
      ),
    count: (type, count) =>
      vi.waitFor(
        () => {
          expect(ofType(type)).toHaveLength(count)
          return ofType(type)
        },
        { timeout: 10_000, interval: 10 },
      ),
    closed: () =>
      vi.waitFor(
        () => {
          if (!end) throw new Error('the socket is open')
          return end
        },
        { timeout: 15_000, interval: 10 },
      ),
    isClosed: () => end !== null,
    close: () => socket.close(1000),
    cursor: () => {
      const last = frames.findLast(({ cursor, data }) => cursor ?? data?.cursor)
      return String(last?.cursor ?? last?.data?.cursor)
    },
  }
}

/** Opens a socket through the Worker. */
export async function connect(
  app: TestApp,
  query: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<TestSocket> {
  const response = await upgrade(app, query, headers)
  if (!response.webSocket) throw new Error(`no socket: ${response.status} ${await response.text()}`)
  return readSocket(response.webSocket)
}

export const upgrade = (app: TestApp, query: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  app.fetch(`/api/v1/websocket/ws?${new URLSearchParams(query)}`, { headers: { upgrade: 'websocket', ...headers } })
