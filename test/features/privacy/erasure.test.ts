import { runInDurableObject } from 'cloudflare:test'
import { beforeAll, expect, it } from 'vitest'
import { guardNameOf } from '../../../src/context.ts'
import { loadSigningKey } from '../../../src/features/keys/service/tokens.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { networkOf } from '../../../src/lib/network.ts'
import { DAY } from '../../../src/lib/time.ts'
import { createTestApp, env } from '../../support/app.ts'
import { placesOf, rowsOf, tablesOf } from '../account/erasure-support.ts'
import { COMPLIANCE, call, later, userInEverySection } from './support.ts'

const app = createTestApp()
// The first request of a deployment makes the signing key, with its own address in the record.
beforeAll(async () => {
  await loadSigningKey(await app.ctx())
})

type Namespace = DurableObjectNamespace<Rpc.DurableObjectBranded & { clock: () => number; alarm(): Promise<void> }>
const namespaceOf = (name: keyof typeof env): Namespace => env[name] as unknown as Namespace

/** All that an object stores, as text. */
async function dumpOf(name: keyof typeof env, object: string): Promise<string> {
  return runInDurableObject(namespaceOf(name).getByName(object), async (_, { storage }) => {
    const tables = storage.sql
      .exec<{ name: string }>("select name from sqlite_master where type = 'table' and name not glob '_cf_*'")
      .toArray()
    const rows = tables.map(({ name: table }) => storage.sql.exec(`select * from "${table}"`).toArray())
    return JSON.stringify([rows, [...(await storage.list())]])
  })
}

/** What the object does by itself in the time. */
async function pass(name: keyof typeof env, object: string, ms: number): Promise<void> {
  await runInDurableObject(namespaceOf(name).getByName(object), async (instance) => {
    const { clock } = instance
    instance.clock = () => Date.now() + ms
    await instance.alarm()
    instance.clock = clock
  })
}

async function dumpOfKv(): Promise<string> {
  const dumped: unknown[] = []
  for (let cursor: string | undefined; ; ) {
    const page: KVNamespaceListResult<unknown> = await env.KV.list(cursor === undefined ? {} : { cursor })
    for (const key of page.keys) dumped.push(key, await env.KV.get(key.name))
    if (page.list_complete) return JSON.stringify(dumped)
    cursor = page.cursor
  }
}

// It looks at every table, of all files.
it('two days after an erasure nothing of the person is left anywhere but commitments and ids', async () => {
  const { user } = await userInEverySection(app)
  const { id } = user.user
  const [endpoint] = await rowsOf<{ id: string }>('select id from webhook_endpoints where user_id = ?', id)
  const network = networkOf(user.address)
  const marks = [user.email, user.address, network, String(user.user.username)]
  const objects = [
    ['USER_AUTHORITY', id],
    ['SIGN_IN_GUARD', guardNameOf(id)],
    ['EVENT_HUB', 'platform'],
    ['REVOCATION_FEED', 'feed'],
    ['WEBHOOK_ENDPOINT', endpoint?.id ?? ''],
  ] as const
  await call(app, user, 'POST', `${COMPLIANCE}/consent`, { purpose: user.email })
  const before = await Promise.all(objects.map(([name, object]) => dumpOf(name, object)))
  expect(before[0]).toContain(user.address)
  expect(before[1]).toContain(network)
  expect(before[4]).toContain('attempt')
  expect(await dumpOfKv()).toContain(id)

  const asked = await call(app, user, 'POST', `${COMPLIANCE}/privacy/data-deletion`, { reason: `I am ${user.email}` })
  expect(asked.status).toBe(202)
  await app.settled()
  // A run erases fifty, and other files have deleted more.
  await env.DB.prepare('update users set erase_at = null where id <> ?').bind(id).run()
  const { DELETION_GRACE_DAYS } = (await app.ctx()).config
  await runScheduled(await later(DELETION_GRACE_DAYS * DAY + 1000).ctx())
  expect(await rowsOf('select id from users where id = ?', id)).toEqual([])
  for (const [name, object] of objects) await pass(name, object, 2 * DAY)

  // What a directory says of its people is the organization's own.
  const ofDirectory = new Map([[user.email, ['scim_user_emails.email']]])
  for (const mark of marks)
    expect({ mark, places: await placesOf(mark) }).toEqual({ mark, places: ofDirectory.get(mark) ?? [] })
  expect(tablesOf(await placesOf(id))).toEqual(['data_requests', 'events'])
  const kept = await rowsOf('select * from data_requests where id = ?', asked.body.id)
  expect(kept).toMatchObject([
    { status: 'completed', description: null, answer: null, asked_for: '{}', session_id: null },
  ])
  const commitments = await rowsOf(
    'select data, ip, user_agent, data_salt, origin_salt from events where user_id = ?',
    id,
  )
  for (const row of commitments)
    expect(row).toEqual({ data: '{}', ip: null, user_agent: null, data_salt: null, origin_salt: null })
  const kv = await dumpOfKv()
  const after = await Promise.all(objects.map(([name, object]) => dumpOf(name, object)))
  for (const mark of marks) {
    expect(kv).not.toContain(mark)
    for (const [index, dump] of after.entries())
      expect([objects[index]?.[0], dump.includes(mark)]).toEqual([objects[index]?.[0], false])
  }
  expect(kv).not.toContain(`avatar:${id}`)
}, 90_000)
