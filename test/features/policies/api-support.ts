import type { TestApp } from '../../support/app.ts'
import { ask, type Person, type Reply } from '../../support/organizations.ts'
import { freshMachine, requestToken } from '../oauth/support.ts'

export const POLICIES = '/api/v1/policies'

/** What an allow policy for every resource says. */
export const ALLOW = { name: 'Readers', actions: ['document:read'], resource_type: 'document' }

export const READ = { resource_type: 'document', resource_id: 'doc-17', action: 'document:read' }

export interface Caller {
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
}

export async function openMachine(app: TestApp, scopes: readonly string[]): Promise<Caller> {
  const token = await requestToken(app, await freshMachine(app, scopes))
  return {
    call: (method, path, body, headers) =>
      ask(app, { method, path, body, headers: { authorization: `Bearer ${token}`, ...headers } }),
  }
}

export const callWith = (person: Person, headers: Record<string, string>): Caller => ({
  call: (method, path, body) => ask(person.app, { method, path, body, headers: { ...person.headers, ...headers } }),
})

/** The policy that the caller makes. */
export async function makePolicy(caller: Caller, organizationId: string | null, fields: object = {}) {
  const made = await caller.call('POST', POLICIES, { ...ALLOW, organization_id: organizationId, ...fields })
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  return made.body
}

/** What all policies of an organization decide. */
export async function evaluate(caller: Caller, organizationId: string | null, question: object = {}) {
  const asked = { ...READ, organization_id: organizationId, ...question }
  return (await caller.call('POST', `${POLICIES}/evaluate`, asked)).body
}
