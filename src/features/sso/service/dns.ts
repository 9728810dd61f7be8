import type { Ctx } from '../../../context.ts'
import { outbound } from '../../../lib/outbound.ts'
import { agree, hasRecord, type RecordReading, recordNameOf } from '../rules/dns.ts'

/** A record's answer has some hundred bytes; a name may have many records. */
const MAX_ANSWER_BYTES = 64 * 1024

/** Reads the record that proves a domain, from both resolvers. Never throws. */
export async function readRecord(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log'>,
  { domain, challenge: value }: { domain: string; challenge: string },
): Promise<RecordReading> {
  const record = { name: recordNameOf(domain), value }
  return agree(await Promise.all(ctx.config.DOH_URLS.map((resolver) => askResolver(ctx, resolver, record))))
}

async function askResolver(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log'>,
  resolver: string,
  record: { name: string; value: string },
): Promise<boolean | undefined> {
  const url = new URL(resolver)
  url.searchParams.set('name', record.name)
  url.searchParams.set('type', 'TXT')
  try {
    const init = { headers: { accept: 'application/dns-json' } }
    const answer = await outbound(ctx, url, init, { maxBytes: MAX_ANSWER_BYTES })
    return answer.ok ? hasRecord(await answer.json(), record) : undefined
  } catch (cause) {
    ctx.log.warn('resolver_silent', { resolver: url.host, reason: String(cause) })
    return undefined
  }
}
