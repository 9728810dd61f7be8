import { performance } from 'node:perf_hooks'
import { Connection } from './connection.ts'

/** What one connection sends, again and again. */
export interface Script {
  /** The request's head without `Content-Length` and the empty line. */
  readonly head: string
  readonly body: string
  /** The body is `{[carry]: value}`, and the next value is the field of that name in the answer. */
  readonly carry?: string
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
  /** Answers with a status other than 2xx, by status. */
  readonly refused: Readonly<Record<string, number>>
  readonly milliseconds: number
  readonly p50: number
  readonly p95: number
}

export const requestOf = ({ head }: Script, body: string): string =>
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

  const run = async (script: Script, connection: Connection) => {
    let request = requestOf(script, script.body)
    for (let sent = performance.now(); sent < deadline; ) {
      const { status, body } = await connection.send(request)
      const received = performance.now()
      latencies.push(received - sent)
      sent = received
      if (status < 200 || status > 299) refused[status] = (refused[status] ?? 0) + 1
      else if (script.carry) request = requestOf(script, carried(script.carry, body))
    }
    connection.close()
  }

  await Promise.all(
    order.scripts.map((script, index) => {
      const connection = connections[index]
      return connection ? run(script, connection) : undefined
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
  }
}

function carried(field: string, body: string): string {
  const answer: Record<string, unknown> = JSON.parse(body)
  return JSON.stringify({ [field]: answer[field] })
}
