import { env } from './app.ts'

interface RecordedRow {
  readonly type: string
  readonly subject: string
  readonly user_id: string | null
  readonly actor_type: string
  readonly actor_id: string
  readonly data: Record<string, unknown>
}

/** What the record has of a user, in order; `type` narrows it. */
export async function recordedOf(userId: string, type?: string): Promise<RecordedRow[]> {
  const { results } = await env.DB.prepare('select * from events where user_id = ? order by position')
    .bind(userId)
    .all<Omit<RecordedRow, 'data'> & { data: string }>()
  return results
    .filter((row) => type === undefined || row.type === type)
    .map((row) => ({ ...row, data: JSON.parse(row.data) }))
}
