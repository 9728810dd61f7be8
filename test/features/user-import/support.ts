import { env, json, type TestApp } from '../../support/app.ts'
import { makeAdmin, newAddress, type SignedInUser } from '../../support/users.ts'

export const IMPORT = '/api/v1/admin/users/import'

export interface ImportAnswer {
  readonly imported: number
  readonly skipped: number
  readonly rejected: number
  readonly too_dear?: number
  readonly merged?: number
  readonly dry_run?: true
  readonly ignored?: readonly { readonly field: string; readonly did_you_mean: string | null }[]
  readonly rows: readonly {
    readonly row: number
    readonly status: string
    readonly id?: string
    readonly email?: string
    readonly reason?: string
    readonly warning?: string
    readonly left_behind?: readonly string[]
  }[]
}

export interface Importer {
  readonly admin: SignedInUser
  send(body: string, mediaType?: string, query?: string): Promise<Response>
  /** Rows as NDJSON; the answer must be 200. */
  rows(records: readonly unknown[], query?: string): Promise<ImportAnswer>
  csv(text: string): Promise<ImportAnswer>
}

async function good(answer: Response): Promise<ImportAnswer> {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`)
  return answer.json()
}

export async function createImporter(app: TestApp): Promise<Importer> {
  const admin = await makeAdmin(app)
  const send = (body: string, mediaType = 'application/x-ndjson', query = '') =>
    app.fetch(`${IMPORT}${query}`, {
      method: 'POST',
      headers: { ...admin.headers, 'content-type': mediaType },
      body,
    })
  return {
    admin,
    send,
    rows: async (records, query) =>
      good(await send(records.map((record) => JSON.stringify(record)).join('\n'), undefined, query)),
    csv: async (text) => good(await send(text, 'text/csv')),
  }
}

/** The answer to a sign-in over HTTP. */
export async function signIn(app: TestApp, identifier: string, password: string): Promise<number> {
  const body = { email: identifier, password }
  const answer = await app.fetch('/api/v1/auth/signin', json(body, { 'cf-connecting-ip': newAddress() }))
  await app.settled()
  return answer.status
}

export const rowOf = (email: string) =>
  env.DB.prepare('select * from users where email = ?').bind(email).first<Record<string, unknown>>()
