import { hashSecret } from '../../../src/lib/crypto.ts'
import type { TestApp } from '../../support/app.ts'
import { env } from '../../support/app.ts'
import { linkIn, waitForMail } from '../../support/mail.ts'
import { ask, type Person, type Reply, type Team } from '../../support/organizations.ts'
import { newEmail } from '../../support/world.ts'

export const INVITATIONS = '/api/v1/invitations'

export interface Invited {
  readonly id: string
  readonly email: string
  /** Of the invitation's `invite_url`. */
  readonly urlToken: string
  readonly body: Reply['body']
}

/** An invitation by the team's owner, or by somebody else. */
export async function invite(team: Team, fields: object = {}, by: Person = team.owner): Promise<Invited> {
  const email = newEmail()
  const made = await by.call('POST', INVITATIONS, { organization_id: team.id, email, ...fields })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return { id: made.body.id, email: made.body.email, urlToken: tokenOf(made.body.invite_url), body: made.body }
}

export const tokenOf = (link: string | URL): string => new URL(link).searchParams.get('token') ?? ''

/** The token of the newest mail to the address. */
export const mailedToken = async (app: TestApp, email: string): Promise<string> =>
  tokenOf(linkIn(await waitForMail(app, email)))

/** Somebody without a session. */
export const asStranger = (app: TestApp) => ({
  call: (method: string, path: string, body?: unknown): Promise<Reply> => ask(app, { method, path, body }),
})

export interface RecordedEvent {
  readonly type: string
  readonly user_id: string | null
  readonly actor_id: string
  readonly organization_id: string | null
  readonly data: Readonly<Record<string, unknown>>
}

export async function eventsAbout(subject: string): Promise<RecordedEvent[]> {
  const { results } = await env.DB.prepare('select * from events where subject = ? order by position')
    .bind(subject)
    .all<Omit<RecordedEvent, 'data'> & { data: string }>()
  return results.map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

export const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

/** Moves the invitation's end into the past. */
export const expire = (id: string) => run('update invitations set expires_at = 1 where id = ?', id)

/** As if an hour had passed since the team sent anything to the address. */
export async function forgetSent(app: TestApp, { id }: Team, email: string): Promise<void> {
  const address = await hashSecret(email)
  const guard = (await app.ctx()).objects.guard(address)
  for (let sent = 0; sent < 2; sent += 1) await guard.giveBackUse({ subject: `invitations-to:${address}:${id}` })
}

export const codeOf = ({ status, body }: Reply): [number, string] => [status, body?.code]
