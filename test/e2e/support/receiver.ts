import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Identity } from './certificates.ts'

export interface Received {
  readonly at: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly json: any
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown

export interface Receiver {
  readonly url: string
  readonly received: readonly Received[]
  /** What is answered, in turn; the last one for ever. */
  answers: Answer[]
  close(): Promise<void>
}

export const thanks: Answer = (response) => response.end('thanks')

/** A real server that webhooks are posted to, on loopback; with an identity it speaks HTTPS as `localhost`. */
export async function startReceiver(identity?: Identity): Promise<Receiver> {
  const received: Received[] = []
  const receiver = { answers: [thanks] }
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    received.push({ at: performance.now(), headers: request.headers, body, json: JSON.parse(body) })
    const [answer = thanks] = receiver.answers.length > 1 ? receiver.answers.splice(0, 1) : receiver.answers
    answer(response, request)
  }
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void handle(request, response).catch(() => response.destroy())
  const server = identity ? createTlsServer(identity, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return Object.assign(receiver, {
    url: identity ? `https://localhost:${port}/in` : `http://127.0.0.1:${port}/in`,
    received,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  })
}
