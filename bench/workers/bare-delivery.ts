import { DurableObject } from 'cloudflare:workers'

/** As many calls at once as an endpoint's object makes. */
const AT_ONCE = 5

interface Order {
  readonly url: string
  readonly body: string
  readonly count: number
}

// The least that an object can do to deliver: it posts what it is given, and reads the answers.
export class Deliverer extends DurableObject {
  async deliver({ url, body, count }: Order): Promise<void> {
    const headers = { 'content-type': 'application/json' }
    let left = count
    const work = async () => {
      for (; left > 0; ) {
        left -= 1
        const answer = await fetch(url, { method: 'POST', headers, body })
        await answer.arrayBuffer()
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
  }
}

interface Env {
  readonly DELIVERER: DurableObjectNamespace<Deliverer>
}

export default {
  async fetch(request, { DELIVERER }) {
    await DELIVERER.getByName('endpoint').deliver(await request.json<Order>())
    return new Response()
  },
} satisfies ExportedHandler<Env>
