import { expect, vi } from 'vitest'
import WebSocket from 'ws'

export interface Frame {
  readonly type: string
  readonly id?: string
  readonly seq?: number
  readonly cursor?: string
  readonly channel?: string
  readonly subject?: string
  readonly session_id?: string
  readonly data?: Readonly<Record<string, unknown>>
}

export interface Subscriber {
  /** Every frame so far, oldest first. */
  readonly frames: readonly Frame[]
  readonly opened: Promise<void>
  /** The code of the other side's close frame, once it has come. */
  closeCode(): Promise<number>
  /** The code, once the connection is gone. */
  readonly closed: Promise<number>
  send(frame: object): void
  close(): void
}

/** A websocket client that keeps what it hears. */
export function subscribe(origin: string, query: Readonly<Record<string, string>>): Subscriber {
  const url = new URL('/api/v1/ws', origin.replace(/^http/, 'ws'))
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const socket = new WebSocket(url.href)
  const frames: Frame[] = []
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as Frame))
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)))
  return {
    frames,
    opened,
    closed,
    async closeCode() {
      // The local runtime keeps the connection of a socket that it has closed for 10 s; the frame is what counts.
      await vi.waitFor(() => expect(socket.readyState).toBeGreaterThanOrEqual(WebSocket.CLOSING), { timeout: 5000 })
      socket.terminate()
      return closed
    },
    send: (frame) => socket.send(JSON.stringify(frame)),
    close: () => socket.close(),
  }
}
