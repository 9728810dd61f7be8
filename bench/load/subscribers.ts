import { WebSocket } from 'ws'

export interface SubscribeOrder {
  readonly url: string
  readonly token: string
  readonly count: number
}

/** When each subscriber received an event, in milliseconds after the event's own time; index is the subscriber. */
export interface Delivery {
  readonly id: string
  readonly delays: readonly number[]
}

/** Opens sockets in groups, so that the kernel's backlog never overflows, and notes when each event arrives at each. */
export class Subscribers {
  readonly #sockets: WebSocket[] = []
  readonly #deliveries = new Map<string, { type: string; delays: number[] }>()

  async open({ url, token, count }: SubscribeOrder): Promise<void> {
    for (let opened = 0; opened < count; opened += 50) {
      await Promise.all(Array.from({ length: Math.min(50, count - opened) }, () => this.#openOne(url, token)))
    }
  }

  /** Deliveries of events of `type` that have reached `count` subscribers. */
  complete(type: string, count: number): Delivery[] {
    return [...this.#deliveries]
      .filter(([, delivery]) => delivery.type === type && delivery.delays.length >= count)
      .map(([id, { delays }]) => ({ id, delays }))
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** Resolves with the first frame: the socket is subscribed when the service says `connection`. */
  #openOne(url: string, token: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(url, ['bearer', token])
      this.#sockets.push(socket)
      socket.once('error', reject)
      socket.once('close', (code) => reject(new Error(`the socket was closed with ${code}`)))
      socket.on('message', (data) => {
        const received = Date.now()
        const frame: { id?: string; type?: string; timestamp?: number } = JSON.parse(String(data))
        if (frame.type === 'connection') resolve()
        else if (frame.id && frame.type && frame.timestamp) this.#note(frame.id, frame.type, received - frame.timestamp)
      })
    })
  }

  #note(id: string, type: string, delay: number): void {
    const delivery = this.#deliveries.get(id) ?? { type, delays: [] }
    this.#deliveries.set(id, delivery)
    delivery.delays.push(delay)
  }
}
