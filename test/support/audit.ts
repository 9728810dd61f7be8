import type { Ctx } from '../../src/context.ts'
import { sealRecord } from '../../src/features/audit/service/seal.ts'
import { env } from './app.ts'

/** A record of its own: files share one, and leave chains with clocks and keys of theirs. */
export async function emptyRecord({ kv }: Pick<Ctx, 'kv'>): Promise<void> {
  const tables = ['audit_blocks', 'audit_keys', 'events']
  await env.DB.batch(tables.map((table) => env.DB.prepare(`delete from ${table}`)))
  await kv.delete('audit:head')
}

/** As many runs of cron as cover what there is. */
export async function sealAll(ctx: Ctx): Promise<void> {
  const newest = await env.DB.prepare('select max(position) as position from events').first<{ position: number }>()
  for (let run = 0; run < 20; run += 1) {
    await sealRecord(ctx)
    const last = await env.DB.prepare('select max(last_position) as position from audit_blocks').first<{
      position: number
    }>()
    if ((last?.position ?? 0) >= (newest?.position ?? 0)) return
  }
}
