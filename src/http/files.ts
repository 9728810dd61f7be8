import type { Ctx } from '../context.ts'
import { utf8 } from '../lib/encoding.ts'
import { late } from '../lib/late.ts'

const csv = late(() => import('csv-stringify/sync'))

/**
 * Lines of a CSV file. Names and user agents are strangers' words: none is a formula where the file is opened, and none begins a
 * line of its own, whatever a reader takes for the end of one.
 */
export async function csvOf(rows: readonly (readonly (string | null)[])[]): Promise<string> {
  const { stringify } = await csv.load()
  return stringify(rows as (string | null)[][], {
    escape_formulas: true,
    record_delimiter: 'windows',
    quoted_match: /[\r\n]/,
  })
}

/** Asks for the next text when the reader has taken the one before. A failure aborts the connection, so that no cut file looks whole. */
export function streamOf(ctx: Pick<Ctx, 'log'>, texts: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await texts.next()
        if (done) controller.close()
        else controller.enqueue(utf8(value))
      } catch (cause) {
        ctx.log.error('export_failed', cause)
        controller.error(cause)
      }
    },
    async cancel() {
      await texts.return(undefined)
    },
  })
}
