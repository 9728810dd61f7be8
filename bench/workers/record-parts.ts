import { createHash } from 'node:crypto'

// What neither an export of the record nor its blocks can do without.
interface Env {
  /** Of the service: its rows are read. */
  readonly RECORD: D1Database
  readonly DB: D1Database
}

const ROWS_PER_PAGE = 500
const RECORDS_PER_BLOCK = 256

/** All rows of the record below a position, in pages that are read when they are asked for, as JSON. */
function pages(record: D1Database, count: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let below = Number.MAX_SAFE_INTEGER
  let left = count
  return new ReadableStream({
    async pull(controller) {
      const { results } = await record
        .prepare('select * from events where position < ? order by position desc limit ?')
        .bind(below, Math.min(ROWS_PER_PAGE, left))
        .all<{ position: number }>()
      if (results.length > 0) controller.enqueue(encoder.encode(JSON.stringify(results)))
      left -= results.length
      below = results.at(-1)?.position ?? 0
      if (left === 0 || results.length < ROWS_PER_PAGE) controller.close()
    },
  })
}

/** Hashes each text as often as there are records, and inserts a row of a block's size for each 256. */
async function hash(
  database: D1Database,
  { texts, count }: { texts: readonly string[]; count: number },
): Promise<void> {
  const block = database.prepare('insert into blocks (leaves, commitments) values (?, ?)')
  for (let start = 0; start < count; start += RECORDS_PER_BLOCK) {
    const hashes: Uint8Array[] = []
    for (let index = 0; index < Math.min(RECORDS_PER_BLOCK, count - start); index += 1)
      for (const text of texts)
        hashes.push(
          createHash('sha256')
            .update(`${start + index}${text}`)
            .digest(),
        )
    const size = hashes.length / texts.length
    await block
      .bind(...[hashes.slice(0, size), hashes.slice(size)].map((some) => Buffer.concat(some).toString('base64')))
      .run()
  }
}

export default {
  async fetch(request, { RECORD, DB }) {
    const { pathname, searchParams } = new URL(request.url)
    switch (pathname) {
      case '/prepare':
        await DB.exec('create table blocks (number integer primary key, leaves text, commitments text)')
        return new Response()
      case '/hash':
        await hash(DB, await request.json())
        return new Response()
      default:
        return new Response(pages(RECORD, Number(searchParams.get('count'))))
    }
  },
} satisfies ExportedHandler<Env>
