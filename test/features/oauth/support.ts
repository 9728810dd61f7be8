import { createClient } from '../../../src/features/clients/service.ts'
import type { Client } from '../../../src/features/clients/tables.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import type { OpenedSession } from '../../../src/features/sessions/types.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import type { User } from '../../../src/features/users/types.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import type { TestApp } from '../../support/app.ts'

export interface Machine {
  readonly client: Client
  readonly secret: string
  /** Its `Authorization` header. */
  readonly basic: string
}

export const basicOf = (id: string, secret: string): string => `Basic ${btoa(`${id}:${secret}`)}`

export async function freshMachine(app: TestApp, scopes: readonly string[] = []): Promise<Machine> {
  const actor = { type: 'system', id: 'test' } as const
  const { client, secret } = await createClient(await app.ctx(), { name: 'machine', scopes, actor })
  return { client, secret, basic: basicOf(client.id, secret) }
}

export interface SignedIn extends OpenedSession {
  readonly user: User
}

export async function freshUser(app: TestApp, changes: { role?: string; clientId?: string } = {}): Promise<SignedIn> {
  const ctx = await app.ctx()
  const name = newUuid()
  const user = await createUser(ctx, {
    email: `${name}@example.test`,
    username: `u${name.slice(0, 8)}`,
    role: changes.role ?? 'user',
  })
  const opened = await openSession(ctx, { user, amr: ['pwd'], clientId: changes.clientId ?? 'postern' })
  return { user, ...opened }
}

/** A form, as RFC 6749 appendix B has it. */
export function form(fields: Readonly<Record<string, string>>, authorization?: string, ip = freshIp()): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'cf-connecting-ip': ip,
      ...(authorization === undefined ? {} : { authorization }),
    },
    body: new URLSearchParams(fields).toString(),
  }
}

/** An address in a new network, because failed authentications are counted by network. */
export function freshIp(): string {
  const bytes = crypto.getRandomValues(new Uint16Array(6))
  return `2001:db8:${[...bytes].map((part) => part.toString(16)).join(':')}`
}

export async function requestToken(app: TestApp, machine: Machine, scope?: string): Promise<string> {
  const fields = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }
  const answer = await app.fetch('/oauth/token', form(fields, machine.basic))
  return ((await answer.json()) as { access_token: string }).access_token
}

export const bodyOf = async (answer: Response): Promise<Record<string, unknown>> =>
  (await answer.json()) as Record<string, unknown>
