import { runInDurableObject } from 'cloudflare:test'
import { expect, it } from 'vitest'
import table from '../../../docs/events.md?raw'
import { EVENT_TYPES, findEventType } from '../../../src/features/events/types.ts'
import type { EventName } from '../../../src/lib/event.ts'
import { createTestApp, env } from '../../support/app.ts'
import { signUpUser } from '../../support/users.ts'
import { freshMachine, userStub } from './support.ts'

it('docs/events.md has every type with its data', () => {
  for (const [type, { when, subject, data }] of Object.entries(EVENT_TYPES)) {
    const fields = data.map((name) => `\`${name}\``).join(', ')
    expect(table).toContain(`| \`${type}\` | ${when} | ${subject} | ${fields} |`)
  }
})

it('is a type: a misspelt name does not compile', () => {
  // @ts-expect-error
  const misspelt: EventName = 'user.craeted'
  expect(findEventType(misspelt)).toBeUndefined()
})

it('has no IP address: those are for audit only', () => {
  const fields = Object.values(EVENT_TYPES).flatMap(({ data }) => data)
  expect(fields.filter((field) => /(^|_)(ip|address|by)(_|$)/.test(field))).toEqual([])
})

const sources = import.meta.glob('../../../src/**/*.ts', { query: '?raw', import: 'default', eager: true })

it('has the types that the code writes, and no other', () => {
  const lines = Object.values(sources).flatMap(
    (source) => source.match(/\b(?:type|event): .*'[a-z_]+(?:\.[a-z_]+)+'.*/g) ?? [],
  )
  const written = lines.flatMap((line) => [...line.matchAll(/'([a-z_]+(?:\.[a-z_]+)+)'/g)].map(([, type]) => type))
  expect(new Set(written)).toEqual(new Set(Object.keys(EVENT_TYPES)))
})

const isNamed = (type: string, data: string) => {
  expect(Object.keys(EVENT_TYPES)).toContain(type)
  expect(findEventType(type)?.data).toEqual(expect.arrayContaining(Object.keys(JSON.parse(data))))
}

it('the recorded events of a user and a machine are in the vocabulary', async () => {
  const app = createTestApp()
  const { user, headers } = await signUpUser(app)
  expect((await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })).status).toBe(200)
  await app.settled()
  const logged = await runInDurableObject(userStub(user.id), (_, state) =>
    state.storage.sql
      .exec<{ type: string; data: string }>(`select event ->> 'type' as type, event ->> 'data' as data from event_log`)
      .toArray(),
  )
  expect(new Set(logged.map(({ type }) => type))).toEqual(
    new Set(['user.created', 'user.signed_in', 'session.created', 'user.signed_out', 'session.revoked']),
  )
  for (const { type, data } of logged) isNamed(type, data)
  const machine = await freshMachine(app)
  const { results } = await env.DB.prepare('select type, data from events where subject = ?')
    .bind(machine.id)
    .all<{ type: string; data: string }>()
  expect(results).toHaveLength(1)
  for (const { type, data } of results) isNamed(type, data)
})
