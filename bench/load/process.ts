import { closedLoop, type LoadOrder, type LoadResult } from './closed-loop.ts'
import { type Delivery, type SubscribeOrder, Subscribers } from './subscribers.ts'

/** What the bench asks of the load process; every order has one answer. */
export type Order =
  | { readonly kind: 'load'; readonly order: LoadOrder }
  | { readonly kind: 'subscribe'; readonly order: SubscribeOrder }
  | { readonly kind: 'deliveries'; readonly type: string; readonly count: number }
  | { readonly kind: 'unsubscribe' }

export type Report =
  | { readonly kind: 'load'; readonly result: LoadResult }
  | { readonly kind: 'deliveries'; readonly deliveries: readonly Delivery[] }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly reason: string }

const subscribers = new Subscribers()

async function carryOut(order: Order): Promise<Report> {
  switch (order.kind) {
    case 'load':
      return { kind: 'load', result: await closedLoop(order.order) }
    case 'subscribe':
      await subscribers.open(order.order)
      return { kind: 'done' }
    case 'deliveries':
      return { kind: 'deliveries', deliveries: subscribers.complete(order.type, order.count) }
    case 'unsubscribe':
      subscribers.close()
      return { kind: 'done' }
  }
}

process.on('message', async (order: Order) => {
  const report = await carryOut(order).catch(
    (cause: unknown): Report => ({ kind: 'failed', reason: cause instanceof Error ? cause.message : String(cause) }),
  )
  process.send?.(report)
})
process.on('disconnect', () => process.exit())
