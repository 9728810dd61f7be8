import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** In small letters. */
  readonly head: string
  readonly body: string
}

const HEAD_END = '\r\n\r\n'
const LAST_CHUNK = '0\r\n\r\n'

/** The answer that `text` holds, or undefined while a part of it is missing (RFC 9112 6). */
function parseAnswer(text: string): Answer | undefined {
  const headEnd = text.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const status = Number(text.slice(9, 12))
  const head = text.slice(0, headEnd).toLowerCase()
  const body = text.slice(headEnd + HEAD_END.length)
  const lengthAt = head.indexOf('\r\ncontent-length:')
  if (lengthAt >= 0) {
    return body.length >= Number.parseInt(head.slice(lengthAt + 17), 10) ? { status, head, body } : undefined
  }
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    return body.endsWith(LAST_CHUNK) ? { status, head, body: joinChunks(body) } : undefined
  }
  return { status, head, body }
}

function joinChunks(text: string): string {
  let out = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!(size > 0)) return out
    out += text.slice(lineEnd + 2, lineEnd + 2 + size)
    at = lineEnd + 2 + size + 2
  }
}

/**
 * One HTTP/1.1 connection that is kept alive, one request at a time, each written in one piece. An ordinary client costs
 * more CPU than the Worker it asks, and two cores are shared: the client's cost would hide the Worker's.
 */
export class Connection {
  readonly #socket: Socket
  #received = ''
  #waiting: { resolve: (answer: Answer) => void; reject: (cause: Error) => void } | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => this.#take(String(chunk)))
    socket.on('error', (cause) => this.#fail(cause))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Connection(socket)))
    })
  }

  send(request: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }

  close(): void {
    this.#waiting = null
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#received += chunk
    const answer = parseAnswer(this.#received)
    if (!answer) return
    this.#received = ''
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve(answer)
  }

  #fail(cause: Error): void {
    this.#waiting?.reject(cause)
    this.#waiting = null
  }
}
