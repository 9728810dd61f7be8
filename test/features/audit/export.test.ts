import { parse } from 'csv-parse/sync'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, json } from '../../support/app.ts'
import { emptyRecord, sealAll } from '../../support/audit.ts'
import { createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { AUDIT, insertRows, rowsOf, run } from './support.ts'

const app = createTestApp()
let admin: Person
let anna: Person
let team: Team

const ask = (person: Person, body: object, on = app): Promise<Response> =>
  on.fetch(`${AUDIT}/export`, json(body, person.headers))

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

beforeAll(async () => {
  await emptyRecord(await app.ctx())
  admin = await openPerson(app, { role: 'admin' })
  ;[anna, team] = await Promise.all([openPerson(app), createTeam(app)])
  await app.settled()
  await sealAll(await app.ctx())
})

describe('POST /api/v1/audit-logs/export', () => {
  it('is a file with what the caller sees, and is recorded with its filters before it begins', async () => {
    const type = `test.exported-${newUuid()}`
    const ids = await insertRows([
      { type, userId: anna.id, actorId: anna.id, data: { a: 1 } },
      { type, userId: admin.id, actorId: admin.id, data: { b: 2 } },
      { type, userId: anna.id, actorId: admin.id, data: { c: 3 } },
    ])
    const answer = await ask(admin, { actions: [type], user_ids: [anna.id], password: null })
    expect(answer.status).toBe(200)
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; filename=audit_logs_\d{8}_\d{6}\.json$/)
    expect(answer.headers.get('x-next-cursor')).toBeNull()
    const { logs, count } = await answer.json<{ logs: { id: string }[]; count: number }>()
    expect(logs.map(({ id }) => id)).toEqual([ids[2], ids[0]])
    expect(logs).toMatchObject([{ details: { c: 3 }, user_email: anna.user.email }, { details: { a: 1 } }])
    expect(count).toBe(2)
    const [event] = await rowsOf<{ data: string }>(
      "select data from events where type = 'audit.exported' and actor_id = ? order by position desc limit 1",
      admin.id,
    )
    expect(JSON.parse(event?.data ?? '')).toEqual({
      format: 'json',
      filters: { actions: [type], user_ids: [anna.id] },
    })
  })

  it('has for a user and an organization what they see, without the addresses of others', async () => {
    const type = `test.exported-${newUuid()}`
    const [own, toAnna, ofTeam] = await insertRows([
      { type, userId: anna.id, actorId: anna.id, ip: '192.0.2.1' },
      { type, userId: anna.id, actorId: admin.id, ip: '198.51.100.99' },
      { type, organizationId: team.id, actorId: admin.id, ip: '198.51.100.99' },
    ])
    const found = async (person: Person, body: object) => {
      const texts = await Promise.all(
        ['json', 'ndjson', 'csv'].map(async (format) =>
          (await ask(person, { ...body, format, actions: [type] })).text(),
        ),
      )
      for (const text of texts) {
        expect(text).not.toContain('198.51.100.99')
        expect(text).not.toContain(admin.user.email)
      }
      return JSON.parse(texts[0] ?? '').logs.map(({ id }: { id: string }) => id)
    }
    expect(await found(anna, {})).toEqual([toAnna, own])
    expect(await found(team.owner, { organization_id: team.id })).toEqual([ofTeam])
    expect((await ask(anna, { organization_id: team.id })).status).toBe(403)
    const member = await team.join('member')
    expect((await ask(member, { organization_id: team.id })).status).toBe(403)
  })

  it('is CSV with the documented columns, and no cell is a formula', async () => {
    const type = `test.csv-${newUuid()}`
    const subjects = [
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\tx',
      '\rx',
      'a "quoted", cell\nof two lines',
      'a\n=cell',
      'plain',
    ]
    await insertRows(
      subjects.map((subject) => ({ type, subject, userId: anna.id, actorId: anna.id, data: { x: '=1' } })),
    )
    const text = await (await ask(admin, { format: 'csv', actions: [type] })).text()
    const rows: Record<string, string>[] = parse(text, { columns: true })
    expect(Object.keys(rows[0] ?? {})).toEqual(
      'ID,Timestamp,Action,User ID,User Email,Resource Type,Resource ID,IP Address,User Agent,Details'.split(','),
    )
    const written = rows.map((row) => row['Resource ID'])
    expect(written.toReversed()).toEqual(
      subjects.map((subject) => (/^[=+\-@\t\r]/.test(subject) ? `'${subject}` : subject)),
    )
    // Also for a reader that ends rows at a line feed alone.
    const unquoted = text.trimEnd().replaceAll(/"(?:[^"]|"")*"/g, 'x')
    expect(unquoted.split('\n')).toHaveLength(rows.length + 1)
    expect(rows[0]).toMatchObject({ 'User Email': anna.user.email, Details: '{"x":"=1"}', 'User Agent': 'a browser' })
  })

  it('is NDJSON with each record, its part, the blocks and the keys, and a line that counts', async () => {
    const [id = ''] = await insertRows([{ organizationId: team.id, actorId: team.owner.id, data: { a: 'ä' } }])
    await sealAll(await app.ctx())
    const lines = linesOf(await (await ask(team.owner, { format: 'ndjson', organization_id: team.id })).text())
    expect(lines[0]).toMatchObject({ kind: 'export', format: 'postern-audit-1', whole: false })
    const record = lines.find(({ kind, leaf }) => kind === 'record' && leaf.includes(id))
    expect(record).toMatchObject({ block: expect.any(Number), data: { text: '{"a":"ä"}' } })
    const block = lines.find(({ kind, number }) => kind === 'block' && number === record.block)
    const sha256 = async (text: string) =>
      new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
    const leaves = Uint8Array.fromBase64(block.leaves)
    expect(leaves.toHex()).toContain((await sha256(record.leaf)).toHex())
    expect((await sha256(block.head)).toHex()).toBe(block.hash)
    expect(lines.filter(({ kind }) => kind === 'key')).toMatchObject([{ kid: block.kid, pem: expect.any(String) }])
    const count = (wanted: string) => lines.filter(({ kind }) => kind === wanted).length
    expect(lines.at(-1)).toEqual({ kind: 'end', records: count('record'), blocks: count('block') })
  })

  it('has the blocks of when it began: none that covers half of what it has read without one', async () => {
    const type = `test.meanwhile-${newUuid()}`
    await sealAll(await app.ctx())
    for (let batch = 0; batch < 5; batch += 1)
      await insertRows(Array.from({ length: 500 }, () => ({ type, actorId: anna.id, userId: anna.id })))
    const answer = await ask(admin, { format: 'ndjson', actions: [type] })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      text += value
      await sealAll(await app.ctx())
    }
    const lines = linesOf(text)
    const records = lines.filter(({ kind }) => kind === 'record')
    expect([records.length, records.filter(({ block }) => block !== null)]).toEqual([2500, []])
    const [covered] = await rowsOf<{ uncovered: number }>(
      'select count(*) as uncovered from events where type = ? and position > (select max(last_position) from audit_blocks)',
      type,
    )
    expect(covered).toEqual({ uncovered: 0 })
  })

  it('has every record once while others are written, and continues where it stopped', async () => {
    const type = `test.many-${newUuid()}`
    for (let batch = 0; batch < 3; batch += 1)
      await insertRows(Array.from({ length: 500 }, () => ({ type, actorId: anna.id, userId: anna.id })))
    const all = await rowsOf<{ id: string }>('select id from events where type = ? order by position desc', type)
    const answer = await ask(admin, { actions: [type] })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true }
      if (done) break
      text += value
      await insertRows([{ type, actorId: anna.id, userId: anna.id }])
    }
    const { logs, count } = JSON.parse(text)
    const ids: string[] = logs.map(({ id }: { id: string }) => id)
    const before = new Set(all.map(({ id }) => id))
    expect(ids.filter((id) => before.has(id))).toEqual([...before])
    // One was written between the event of the export and its first page.
    expect([ids.length, new Set(ids).size]).toEqual([1501, 1501])
    expect(count).toBe(1501)
  })

  it('stops at 100,000 records, and its cursor goes on', async () => {
    const type = 'test.hundred-thousand'
    await run(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < 100003)
       insert into events (id, type, time, subject, actor_type, actor_id, data, delivered_at)
       select 'many-' || i, ?, 1, 'x', 'system', 'test', '{}', 1 from n`,
      type,
    )
    const first = await ask(admin, { format: 'ndjson', actions: [type] })
    const cursor = first.headers.get('x-next-cursor')
    const lines = linesOf(await first.text())
    expect(lines.at(-1)).toMatchObject({ kind: 'end', records: 100_000 })
    const rest = await (await ask(admin, { format: 'ndjson', actions: [type], cursor })).text()
    const ids = linesOf(rest).flatMap(({ kind, leaf }) => (kind === 'record' ? JSON.parse(leaf).id : []))
    expect(ids).toEqual(['many-3', 'many-2', 'many-1'])
    expect((await ask(admin, { format: 'ndjson', actions: ['user.created'], cursor })).status).toBe(400)
    await run('delete from events where type = ?', type)
  })

  it('breaks when the database fails in the middle, so that no cut file looks whole', async () => {
    const type = `test.broken-${newUuid()}`
    for (let batch = 0; batch < 2; batch += 1)
      await insertRows(Array.from({ length: 500 }, () => ({ type, actorId: anna.id, userId: anna.id })))
    let reads = 0
    const failing = (ctx: Ctx): Ctx => {
      const db = new Proxy(ctx.db, {
        get(target, name) {
          const value = Reflect.get(target, name)
          if (name !== 'all') return typeof value === 'function' ? value.bind(target) : value
          return (...args: Parameters<typeof ctx.db.all>) => {
            reads += 1
            // The end of the export, then its pages.
            if (reads > 2) throw new Error('D1 is away')
            return target.all(...args)
          }
        },
      })
      return { ...ctx, db }
    }
    const broken = createTestApp({ override: failing })
    for (const format of ['json', 'ndjson', 'csv']) {
      reads = 0
      const answer = await ask(admin, { format, actions: [type] }, broken)
      expect(answer.status).toBe(200)
      await expect(answer.text()).rejects.toThrow()
    }
  })

  it('stops to read when its reader goes', async () => {
    const type = `test.left-${newUuid()}`
    for (let batch = 0; batch < 3; batch += 1)
      await insertRows(Array.from({ length: 500 }, () => ({ type, actorId: anna.id, userId: anna.id })))
    const answer = await ask(admin, { actions: [type] })
    const reader = answer.body?.getReader()
    await reader?.read()
    await expect(reader?.cancel()).resolves.toBeUndefined()
  })

  it('is begun 30 times an hour, however many ask at once', async () => {
    const person = await openPerson(app)
    const statuses = await Promise.all(
      Array.from({ length: 33 }, async () => {
        const answer = await ask(person, { format: 'csv' })
        await answer.text()
        return answer.status
      }),
    )
    expect(statuses.toSorted()).toEqual([...Array(30).fill(200), 429, 429, 429])
  })

  it.each([
    [{ format: 'xml' }, 422],
    [{ start_date: 'yesterday' }, 422],
    [{ end_date: '2026-02-30' }, 422],
    [{ actions: 'user.created' }, 422],
    [{ actions: Array(51).fill('x') }, 422],
    [{ user_ids: ['x'] }, 422],
    [{ cursor: 'x' }, 400],
  ])('refuses %j with %i', async (body, status) => {
    expect((await ask(admin, body)).status).toBe(status)
  })
})
