import { env } from './app.ts'

interface RecordedRow {
  readonly type: string
  readonly subject: string
  readonly user_id: string | null
  readonly actor_type: string
  readonly actor_id: string
  readonly session_id: string | null
  readonly delivered_at: number | null
  readonly data: Record<string, unknown>
}

async function selectRecorded(column: 'user_id' | 'actor_id', id: string, type?: string): Promise<RecordedRow[]> {
  const { results } = await env.DB.prepare(`select * from events where ${column} = ? order by position`)
    .bind(id)
    .all<Omit<RecordedRow, 'data'> & { data: string }>()
  return results
    .filter((row) => type === undefined || row.type === type)
    .map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

/** What the record has of a user, in order; `type` narrows it. */
export const recordedOf = (userId: string, type?: string): Promise<RecordedRow[]> =>
  selectRecorded('user_id', userId, type)

/** As `recordedOf`, of what somebody did. */
export const recordedBy = (actorId: string, type?: string): Promise<RecordedRow[]> =>
  selectRecorded('actor_id', actorId, type)
