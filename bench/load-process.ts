import { type ChildProcess, fork } from 'node:child_process'
import type { LoadOrder, LoadResult } from './load/closed-loop.ts'
import type { Order, Report } from './load/process.ts'
import type { Delivery, SubscribeOrder } from './load/subscribers.ts'

/** The process that makes the load: a client in the bench's own process would compete with what it measures. */
export class LoadProcess {
  readonly #child: ChildProcess = fork(new URL('./load/process.ts', import.meta.url))

  async load(order: LoadOrder): Promise<LoadResult> {
    const report = await this.#ask({ kind: 'load', order })
    if (report.kind !== 'load') throw new Error('the load process answered something else')
    return report.result
  }

  async subscribe(order: SubscribeOrder): Promise<void> {
    await this.#ask({ kind: 'subscribe', order })
  }

  async deliveries(type: string, count: number): Promise<readonly Delivery[]> {
    const report = await this.#ask({ kind: 'deliveries', type, count })
    return report.kind === 'deliveries' ? report.deliveries : []
  }

  async unsubscribe(): Promise<void> {
    await this.#ask({ kind: 'unsubscribe' })
  }

  stop(): void {
    this.#child.disconnect()
  }

  #ask(order: Order): Promise<Report> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null) => reject(new Error(`the load process ended with ${code}`))
      this.#child.once('exit', onExit)
      this.#child.once('message', (report: Report) => {
        this.#child.off('exit', onExit)
        if (report.kind === 'failed') reject(new Error(report.reason))
        else resolve(report)
      })
      this.#child.send(order)
    })
  }
}
