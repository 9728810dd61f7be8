import { createServer, type ServerResponse } from 'node:http'

/** What was posted, and when, in epoch milliseconds. */
export interface Arrival {
  readonly path: string
  readonly at: number
}

/** What is posted here hangs while it is told to, and is no arrival. */
export const HANGING = '/hanging'

let arrivals: Arrival[] = []
let awaited: { readonly count: number; readonly response: ServerResponse } | undefined
let isHanging = false
let held: ServerResponse[] = []

function answerAwaited(): void {
  if (!awaited || arrivals.length < awaited.count) return
  awaited.response.end(JSON.stringify(arrivals))
  awaited = undefined
  arrivals = []
}

function take(path: string, response: ServerResponse): void {
  if (path === HANGING && isHanging) {
    held.push(response)
    return
  }
  response.end('ok')
  if (path === HANGING) return
  arrivals.push({ path, at: performance.timeOrigin + performance.now() })
  answerAwaited()
}

/** Answers what hung, and says how many there were. */
function release(response: ServerResponse): void {
  for (const one of held) one.end('ok')
  response.end(String(held.length))
  held = []
}

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://receiver')
  if (request.method === 'POST') {
    request.resume().once('end', () => take(pathname, response))
  } else if (pathname === '/arrivals') {
    awaited = { count: Number(searchParams.get('count')), response }
    answerAwaited()
  } else {
    isHanging = pathname === '/hang'
    release(response)
  }
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.(typeof address === 'object' && address ? `http://127.0.0.1:${address.port}` : '')
})
process.on('disconnect', () => process.exit())
