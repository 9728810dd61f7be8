import { performance } from 'node:perf_hooks'
import { Connection } from './connection.ts'

/** What one connection sends, again and again. */
export interface Script {
  /** The request's head without `Content-Length` and the empty line. */
  readonly head: string
  readonly body: string
  /** A field of the body: its next value is that of the field in the answer. */
  readonly carry?: string
  /** In place of both: whole requests that are good once. The connection is done after the last of them. */
  readonly once?: readonly string[]
  /** What the head of the right answer has in it, in small letters, where that answer is no 2xx. */
  readonly proof?: string
}

export interface LoadOrder {
  readonly host: string
  readonly port: number
  readonly milliseconds: number
  /** One connection each. */
  readonly scripts: readonly Script[]
}

export interface LoadResult {
  readonly answers: number
  /** Answers other than the right ones, by status. */
  readonly refused: Readonly<Record<string, number>>
  readonly milliseconds: number
  readonly p50: number
  readonly p95: number
  /** The scripts with what was carried last: to go on with. */
  readonly scripts: readonly Script[]
}

export const requestOf = (head: string, body: string): string =>
  `${head}${body === '' ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`}\r\n${body}`

const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

/** Every connection sends its next request when it has the answer to the last: the rate is what the Worker can take. */
export async function closedLoop(order: LoadOrder): Promise<LoadResult> {
  const connections = await Promise.all(order.scripts.map(() => Connection.open(order.host, order.port)))
  const latencies: number[] = []
  const refused: Record<string, number> = {}
  const started = performance.now()
  const deadline = started + order.milliseconds

  const run = async (script: Script, connection: Connection): Promise<Script> => {
    let last = script
    const once = script.once?.values()
    let request = once ? once.next().value : requestOf(script.head, script.body)
    for (let sent = performance.now(); sent < deadline && request !== undefined; ) {
      const { status, head, body } = await connection.send(request)
      const received = performance.now()
      latencies.push(received - sent)
      sent = received
      if (script.proof ? !head.includes(script.proof) : status < 200 || status > 299)
        refused[status] = (refused[status] ?? 0) + 1
      else if (script.carry) {
        last = { ...last, body: carried(script.carry, last.body, body) }
        request = requestOf(last.head, last.body)
      }
      if (once) request = once.next().value
    }
    connection.close()
    return last
  }

  const scripts = await Promise.all(
    order.scripts.map((script, index) => {
      const connection = connections[index]
      return connection ? run(script, connection) : script
    }),
  )
  const milliseconds = performance.now() - started
  const sorted = Float64Array.from(latencies).sort()
  return {
    answers: latencies.length,
    refused,
    milliseconds,
    p50: percentile(sorted, 0.5),
    p95: percentile(sorted, 0.95),
    scripts,
  }
}

function carried(field: string, sent: string, received: string): string {
  const [body, answer]: Record<string, unknown>[] = [JSON.parse(sent), JSON.parse(received)]
  return JSON.stringify({ ...body, [field]: answer?.[field] })
}
