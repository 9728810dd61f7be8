import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import type { Person, Reply } from '../../support/organizations.ts'

export const AUDIT = '/api/v1/audit-logs'

export interface Row {
  readonly id?: string
  readonly type?: string
  readonly time?: number
  readonly subject?: string
  readonly userId?: string | null
  readonly actorType?: 'user' | 'client' | 'system'
  readonly actorId: string
  readonly organizationId?: string | null
  readonly data?: object
  readonly ip?: string | null
}

const statement = () =>
  env.DB.prepare(
    `insert into events (id, type, time, subject, user_id, actor_type, actor_id, organization_id, data, ip, user_agent, delivered_at,
       data_salt, origin_salt)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'a browser', 1, lower(hex(randomblob(16))), lower(hex(randomblob(16))))`,
  )

/** Rows of the record, oldest first. Returns their ids. */
export async function insertRows(rows: readonly Row[]): Promise<string[]> {
  const ids = rows.map(({ id }) => id ?? newUuid())
  const insert = statement()
  const bound = rows.map((row, index) => {
    const { type = 'test.logged', time = 1000, subject = newUuid(), userId = null, actorType = 'user' } = row
    const { actorId, organizationId = null, data = {}, ip = '192.0.2.7' } = row
    return insert.bind(
      ids[index],
      type,
      time,
      subject,
      userId,
      actorType,
      actorId,
      organizationId,
      JSON.stringify(data),
      ip,
    )
  })
  if (bound.length > 0) await env.DB.batch(bound)
  return ids
}

/** What `person` reads at a path of the record. */
export async function read(person: Person, path = '', query: Record<string, string | number> = {}): Promise<Reply> {
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]))
  return person.call('GET', `${AUDIT}${path}?${search}`)
}

export const idsOf = ({ body }: Reply): string[] => body.logs.map(({ id }: { id: string }) => id)

/** Every entry that a person can walk to. */
export async function walk(person: Person, path = '', query: Record<string, string | number> = {}) {
  const logs = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { status, body }: Reply = await read(person, path, { ...query, ...(cursor === '' ? {} : { cursor }) })
    if (status !== 200) throw new Error(JSON.stringify(body))
    logs.push(...body.logs)
    cursor = body.cursor
  }
  return logs
}

export const run = (sql: string, ...values: unknown[]) =>
  env.DB.prepare(sql)
    .bind(...values)
    .run()

export const rowsOf = async <T = Record<string, unknown>>(sql: string, ...values: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(sql)
      .bind(...values)
      .all<T>()
  ).results
