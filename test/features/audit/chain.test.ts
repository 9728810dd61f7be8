import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { eraseUser } from '../../../src/features/account/service/erasure.ts'
import { pruneBlocks, sealRecord } from '../../../src/features/audit/service/seal.ts'
import { pruneEvents } from '../../../src/features/events/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY, HOUR } from '../../../src/lib/time.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp } from '../../support/app.ts'
import { emptyRecord, sealAll } from '../../support/audit.ts'
import { openPerson, type Person } from '../../support/organizations.ts'
import { AUDIT, insertRows, type Row, rowsOf, run } from './support.ts'

const app = createTestApp()
let admin: Person

interface StoredBlock {
  readonly number: number
  readonly last_position: number
  readonly head: string
  readonly leaves: string | null
}

const blocks = () => rowsOf<StoredBlock>('select * from audit_blocks order by number')
const lastBlock = async () => (await blocks()).at(-1) as StoredBlock
const seal = async (change: (ctx: Ctx) => Ctx = (ctx) => ctx) => sealRecord(change(await app.ctx()))

/** Verifies the chain to its end. */
async function verify(from = 0) {
  const findings = []
  let [restored, records]: [unknown[], number] = [[], 0]
  for (let next: number | null = from; next !== null; ) {
    const { status, body } = await admin.call('POST', `${AUDIT}/verify`, { from: next })
    expect(status).toBe(200)
    findings.push(...body.findings)
    restored = [...restored, ...body.restored]
    records += body.records
    next = body.next
  }
  return { findings, restored, records }
}

const isValid = async (from = 0) => expect((await verify(from)).findings).toEqual([])

/** A block of its own for these rows. */
async function sealed(rows: readonly Row[]): Promise<{ ids: string[]; block: StoredBlock }> {
  await seal()
  const ids = await insertRows(rows)
  await seal()
  return { ids, block: await lastBlock() }
}

beforeAll(async () => {
  await emptyRecord(await app.ctx())
  admin = await openPerson(app, { role: 'admin' })
  await app.settled()
  await sealAll(await app.ctx())
})

describe('the chain', () => {
  it('begins at the first run of cron, and says so of what is older', async () => {
    const [first] = await blocks()
    expect(JSON.parse(first?.head ?? '')).toMatchObject({
      format: 'postern-audit-1',
      number: 0,
      count: 0,
      previous: null,
      last: first?.last_position,
    })
    const [old] = await rowsOf<{ id: string }>(
      'select id from events where position <= ? order by position desc limit 1',
      first?.last_position,
    )
    expect((await admin.call('GET', `${AUDIT}/${old?.id}/proof`)).body).toMatchObject({
      coverage: 'before_chain',
      record: null,
      block: null,
    })
  })

  it('proves a record to whoever sees it, with the parts that they see', async () => {
    const anna = await openPerson(app)
    await app.settled()
    await seal()
    const [id = ''] = await insertRows([{ userId: anna.id, actorId: admin.id, data: { reason: 'r' } }])
    expect((await admin.call('GET', `${AUDIT}/${id}/proof`)).body).toMatchObject({ coverage: 'pending', block: null })
    await seal()
    const { body } = await admin.call('GET', `${AUDIT}/${id}/proof`)
    expect(body).toMatchObject({ coverage: 'covered', record: { data: { text: '{"reason":"r"}' } } })
    expect(JSON.parse(body.record.leaf)).toMatchObject({ id, user_id: anna.id, actor_id: admin.id })
    const own = (await anna.call('GET', `${AUDIT}/${id}/proof`)).body
    expect(own.record).toEqual({ ...body.record, origin: null })
    expect((await (await openPerson(app)).call('GET', `${AUDIT}/${id}/proof`)).status).toBe(404)
    await isValid()
  })

  it('gives its newest head and those since a number to admins, and its keys to everybody', async () => {
    const stranger = await openPerson(app)
    await app.settled()
    const { number } = await lastBlock()
    const head = (await admin.call('GET', `${AUDIT}/checkpoint`)).body
    expect(head).toMatchObject({ number, kid: expect.any(String), signature: expect.any(String) })
    const some = await admin.call('GET', `${AUDIT}/blocks?since=1&limit=1`)
    expect(some.body).toMatchObject({ blocks: [{ number: 1 }], has_more: number > 1 })
    expect(some.body.blocks[0].leaves).toBeUndefined()
    for (const path of ['/checkpoint', '/blocks']) {
      expect((await stranger.call('GET', AUDIT + path)).status).toBe(400)
      expect((await stranger.call('GET', `${AUDIT}${path}?organization_id=${newUuid()}`)).status).toBe(403)
    }
    const keys = await (await app.fetch(`${AUDIT}/keys`)).json<{ keys: { kid: string; pem: string }[] }>()
    expect(keys.keys).toContainEqual(expect.objectContaining({ kid: head.kid, alg: 'EdDSA' }))
    expect(JSON.stringify(keys)).not.toMatch(/"d"|sealed/)
  })

  it('is one, without a gap, whoever writes while cron runs twice at once', async () => {
    const start = (await lastBlock()).last_position
    const write = (batch: number) => insertRows(Array.from({ length: 500 }, () => ({ actorId: `writer-${batch}` })))
    const writers = Array.from({ length: 20 }, (_, batch) => batch)
    for (let at = 0; at < writers.length; at += 5)
      await Promise.all([...writers.slice(at, at + 5).map(write), seal(), seal()])
    await Promise.all([seal(), seal()])
    const heads = (await blocks()).map(({ head }) => JSON.parse(head))
    expect(heads.map(({ number }) => number)).toEqual([...heads.keys()])
    for (const [index, head] of heads.entries()) if (index > 0) expect(head.after).toBe(heads[index - 1].last)
    const covered = heads.filter(({ after }) => after >= start).reduce((sum, { count }) => sum + count, 0)
    const [{ rows } = { rows: 0 }] = await rowsOf<{ rows: number }>(
      'select count(*) as rows from events where position > ? and position <= ?',
      start,
      heads.at(-1).last,
    )
    expect(covered).toBe(rows)
    expect(rows).toBeGreaterThanOrEqual(10_000)
    expect(Math.max(...heads.map(({ count }) => count))).toBe(256)
    const { findings, records } = await verify()
    expect([findings, records]).toEqual([[], heads.reduce((sum, { count }) => sum + count, 0)])
  })

  it('covers what an earlier release wrote without salts', async () => {
    await seal()
    const [id = ''] = await insertRows([{ actorId: 'old', data: { a: 1 } }])
    await run('update events set data_salt = null, origin_salt = null where id = ?', id)
    await seal()
    const { record } = (await admin.call('GET', `${AUDIT}/${id}/proof`)).body
    expect(record.data).toEqual({ salt: expect.stringMatching(/^[0-9a-f]{32}$/), text: '{"a":1}' })
  })
})

it('covers no address that an earlier release named in an event of nobody: its erasure is no tampering', async () => {
  const anna = await openPerson(app)
  await app.settled()
  await seal()
  const { number } = await lastBlock()
  const data = { email: anna.user.email, role: 'member' }
  const [id = ''] = await insertRows([
    { type: 'invitation.created', organizationId: newUuid(), actorType: 'system', actorId: 'old', data },
  ])
  await run('update events set data_salt = null, origin_salt = null where id = ?', id)
  await seal()
  expect(await rowsOf('select data from events where id = ?', id)).toEqual([{ data: '{"role":"member"}' }])
  const erasure = { userId: anna.id, actor: { type: 'user', id: admin.id }, userData: USER_DATA } as const
  expect((await eraseUser(await app.ctx(), erasure)).erased).toBe(true)
  await isValid(number)
})

describe('when a part of the platform fails', () => {
  const failing = () => Promise.reject(new Error('away'))

  it('covers the record also while KV is away', async () => {
    await insertRows([{ actorId: 'x' }])
    const { number } = await lastBlock()
    const kv = { get: failing, put: failing } as unknown as Ctx['kv']
    await seal((ctx) => ({ ...ctx, kv }))
    expect((await lastBlock()).number).toBe(number + 1)
    await isValid(number)
  })

  it('leaves no half of a block when D1 fails, and the next run goes on', async () => {
    await insertRows([{ actorId: 'x' }])
    const { number } = await lastBlock()
    const away = (ctx: Ctx): Ctx => ({ ...ctx, db: Object.assign(Object.create(ctx.db), { batch: failing }) })
    await expect(seal(away)).rejects.toThrow('away')
    expect((await lastBlock()).number).toBe(number)
    await seal()
    await isValid(number)
  })

  it('signs with a new key when no root secret opens the newest, and the blocks of before still verify', async () => {
    const keys = () => rowsOf<{ kid: string }>('select kid from audit_keys')
    const before = await keys()
    await run("update audit_keys set private_sealed = 'unknown.AAAA'")
    const { number } = (await sealed([{ actorId: 'x' }])).block
    expect(await keys()).toHaveLength(before.length + 1)
    await isValid(number - 2)
  })

  it.each([
    ['POST', '/verify', { from: 1e9 }, 200],
    ['POST', '/verify', { from: -1 }, 422],
    ['POST', '/verify', { from: '1' }, 422],
    ['GET', '/blocks?since=1000000000', undefined, 200],
    ['GET', '/blocks?since=-1', undefined, 422],
    ['GET', '/blocks?limit=1001', undefined, 422],
    ['GET', '/x/proof', undefined, 400],
    ['GET', `/${newUuid()}/proof`, undefined, 404],
  ])('%s %s with %j answers %i', async (method, path, body, status) => {
    expect((await admin.call(method, AUDIT + path, body)).status).toBe(status)
  })
})

describe('what was changed is found and named', () => {
  let ids: string[]
  let block: StoredBlock

  beforeAll(async () => {
    const rows = Array.from({ length: 7 }, (_, index) => ({ actorId: admin.id, data: { index } }))
    await seal()
    ids = await insertRows(rows)
    // A position that no record has, as a repeated insert leaves it.
    await run('delete from events where id = ?', ids.splice(4, 1)[0])
    await seal()
    block = await lastBlock()
    await insertRows([{ actorId: 'later' }])
    await seal()
  })

  /** The index of the first of the rows in the block. */
  const start = () => JSON.parse(block.head).count - 6

  /** Does something to the database, verifies, and undoes it. */
  async function findingsAfter(...changes: readonly (readonly [string, ...unknown[]])[]) {
    const events = await rowsOf('select * from events where position > ? and position <= ?', ...rangeOf(block))
    const stored = await rowsOf('select * from audit_blocks where number >= ?', block.number)
    for (const [sql, ...values] of changes) await run(sql, ...values)
    const { findings } = await verify(block.number - 1)
    const restore = async (table: string, rows: readonly Record<string, unknown>[]) => {
      for (const row of rows) {
        const names = Object.keys(row)
        await run(`insert into ${table} (${names}) values (${names.map(() => '?')})`, ...Object.values(row))
      }
    }
    await run('delete from events where position > ? and position <= ?', ...rangeOf(block))
    await restore('events', events)
    await run('delete from audit_blocks where number >= ?', block.number)
    await restore('audit_blocks', stored)
    await isValid(block.number - 1)
    return findings
  }
  const rangeOf = ({ head }: StoredBlock) => [JSON.parse(head).after, JSON.parse(head).last]

  it.each([
    ['type', "'user.erased'"],
    ['time', 'time + 1'],
    ['subject', "'another'"],
    ['user_id', "'another'"],
    ['actor_id', "'another'"],
    ['actor_type', "'client'"],
    ['session_id', "'another'"],
    ['organization_id', "'another'"],
  ])('the %s of a record', async (column, value) => {
    expect(await findingsAfter([`update events set ${column} = ${value} where id = ?`, ids[2]])).toEqual([
      { kind: 'record_changed', block: block.number, log_id: ids[2], index: start() + 2, part: null },
    ])
  })

  it('its id', async () => {
    const id = newUuid()
    expect(await findingsAfter(['update events set id = ? where id = ?', id, ids[2]])).toMatchObject([
      { kind: 'record_changed', log_id: id, index: start() + 2 },
    ])
  })

  it.each([
    ['data', `'{"index":9}'`, 'data'],
    ['data', `'{"index": 2}'`, 'data'],
    ['ip', "'203.0.113.1'", 'origin'],
    ['user_agent', 'null', 'origin'],
    ['data_salt', 'lower(hex(randomblob(16)))', 'data'],
    ['origin_salt', "'nonsense'", 'origin'],
  ])('%s', async (column, value, part) => {
    expect(await findingsAfter([`update events set ${column} = ${value} where id = ?`, ids[3]])).toEqual([
      { kind: 'part_changed', block: block.number, log_id: ids[3], index: null, part },
    ])
  })

  it('a part that was taken out as if by an erasure, and one that was replaced', async () => {
    expect(await findingsAfter(["update events set data = '{}', data_salt = null where id = ?", ids[3]])).toMatchObject(
      [{ kind: 'part_emptied', log_id: ids[3], part: 'data' }],
    )
    expect(await findingsAfter(["update events set data = '[]', data_salt = null where id = ?", ids[3]])).toMatchObject(
      [{ kind: 'part_changed', log_id: ids[3], part: 'data' }],
    )
  })

  it('a record that was deleted', async () => {
    expect(await findingsAfter(['delete from events where id = ?', ids[1]])).toEqual([
      { kind: 'record_deleted', block: block.number, log_id: null, index: start() + 1, part: null },
    ])
  })

  const COPY = `insert into events (id, type, time, subject, actor_type, actor_id, data, position)
    select ?, type, time, subject, actor_type, actor_id, '{}', ? from events where id = ?`

  it('a record that was put where one was deleted', async () => {
    const id = newUuid()
    const [at] = await rowsOf<{ position: number }>('select position from events where id = ?', ids[1])
    const found = await findingsAfter(['delete from events where id = ?', ids[1]], [COPY, id, at?.position, ids[2]])
    expect(found).toMatchObject([{ kind: 'record_changed', log_id: id, index: start() + 1 }])
  })

  it('a record that was added', async () => {
    const id = newUuid()
    const [at] = await rowsOf<{ position: number }>('select position from events where id = ?', ids[3])
    expect(await findingsAfter([COPY, id, (at?.position ?? 0) + 1, ids[2]])).toMatchObject([
      { kind: 'record_inserted', block: block.number, log_id: id },
    ])
  })

  it('two records that were swapped', async () => {
    const position = (id: string | undefined) => `(select position from events where id = '${id}')`
    const [one] = await rowsOf<{ position: number }>('select position from events where id = ?', ids[1])
    const [two] = await rowsOf<{ position: number }>('select position from events where id = ?', ids[2])
    const found = await findingsAfter(
      [`update events set position = -1 where position = ${position(ids[1])}`],
      ['update events set position = ? where id = ?', one?.position, ids[2]],
      ['update events set position = ? where id = ?', two?.position, ids[1]],
    )
    expect(found.map(({ kind, log_id }) => [kind, log_id]).toSorted()).toEqual(
      [ids[1], ids[2]].map((id) => ['record_changed', id]).toSorted(),
    )
  })

  it.each([
    ['commitments', (text: string) => `AAAA${text.slice(4)}`, 'record_changed'],
    ['commitments', () => 'no base64!', 'list_changed'],
    ['leaves', (text: string) => `AAAA${text.slice(4)}`, 'list_changed'],
    ['leaves', () => null, 'list_changed'],
    ['head', (text: string) => text.replace(/"count":\d+/, '"count":9'), 'head_changed'],
    ['head', (text: string) => `${text} `, 'head_changed'],
    ['head', () => 'no JSON', 'head_changed'],
    ['head', () => '{}', 'head_changed'],
    ['signature', (text: string) => `AAAA${text.slice(4)}`, 'signature_invalid'],
    ['signature', () => '', 'signature_invalid'],
    ['kid', () => 'another', 'signature_invalid'],
    ['hash', (text: string) => `0000${text.slice(4)}`, 'head_changed'],
  ] as const)('%s of a block', async (column, change, kind) => {
    const [stored] = await rowsOf<Record<string, string>>('select * from audit_blocks where number = ?', block.number)
    const value = change(stored?.[column] ?? '')
    const found = await findingsAfter([`update audit_blocks set ${column} = ? where number = ?`, value, block.number])
    expect(found).toContainEqual(expect.objectContaining({ kind, block: block.number }))
  })

  it('a head that was made anew, with a hash that fits', async () => {
    const head = block.head.replace(/"count":\d+/, '"count":5')
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(head))).toHex()
    const found = await findingsAfter([
      'update audit_blocks set head = ?, hash = ? where number = ?',
      head,
      hash,
      block.number,
    ])
    expect(found.map(({ kind, block: number }) => [kind, number])).toEqual(
      expect.arrayContaining([
        ['signature_invalid', block.number],
        ['chain_broken', block.number + 1],
      ]),
    )
  })

  it('a block that is gone, and an end that was cut off', async () => {
    expect(await findingsAfter(['delete from audit_blocks where number = ?', block.number])).toMatchObject([
      { kind: 'block_missing', block: block.number },
    ])
    const found = await findingsAfter(['delete from audit_blocks where number > ?', block.number])
    expect(found).toMatchObject([{ kind: 'head_lost' }])
  })
})

describe('erasure, pruning and restores', () => {
  it('leaves the chain intact, nothing of the person, and what they did to others', async () => {
    const [anna, other] = [await openPerson(app), await openPerson(app)]
    await app.settled()
    const { ids } = await sealed([
      { userId: anna.id, actorId: anna.id, data: { mine: 'of-anna' }, ip: '198.51.100.1' },
      { userId: other.id, actorId: anna.id, data: { reason: 'by-anna' }, ip: '198.51.100.1' },
      { userId: anna.id, actorId: admin.id, data: { reason: 'to-anna' }, ip: '198.51.100.2' },
      { organizationId: newUuid(), actorId: anna.id, data: { after: 1 }, ip: '198.51.100.1' },
    ])
    const erasure = { userId: anna.id, actor: { type: 'user', id: admin.id }, userData: USER_DATA } as const
    expect((await eraseUser(await app.ctx(), erasure)).erased).toBe(true)
    await insertRows([{ userId: anna.id, actorId: anna.id, data: { late: 'of-anna' }, ip: '198.51.100.1' }])
    await insertRows([{ userId: other.id, actorId: anna.id, data: { late: 'by-anna' }, ip: '198.51.100.1' }])
    await seal()
    await isValid()
    const rows = await rowsOf('select * from events where user_id = ? or actor_id = ?', anna.id, anna.id)
    const text = JSON.stringify(rows)
    expect(text).not.toContain('of-anna')
    expect(text).not.toContain('to-anna')
    expect(text).not.toContain('198.51.100.1"')
    expect(text).toContain('198.51.100.2')
    expect(rows.filter(({ data }) => String(data).includes('by-anna'))).toHaveLength(2)
    const { body } = await admin.call('GET', `${AUDIT}/${ids[0]}/proof`)
    expect(body).toMatchObject({ coverage: 'covered', record: { data: null, origin: null } })
    expect((await admin.call('GET', `${AUDIT}/${ids[1]}/proof`)).body.record).toMatchObject({
      data: { text: '{"reason":"by-anna"}' },
      origin: null,
    })
  })

  it('keeps the head of a block whose records were pruned, and tells pruned records from deleted ones', async () => {
    const { ids, block } = await sealed([{ actorId: 'old' }, { actorId: 'old' }, { actorId: 'kept', userId: admin.id }])
    await run('update events set delivered_at = null where id = ?', ids[2])
    const ctx = await app.ctx()
    const later = { ...ctx, now: () => Date.now() + (ctx.config.EVENT_RETENTION_DAYS + 1) * DAY }
    await pruneEvents(later)
    expect(await rowsOf('select id from events where id = ?', ids[0])).toHaveLength(1)
    await sealRecord(later)
    // A run prunes 10,000 rows at most.
    await pruneEvents(later)
    await pruneEvents(later)
    await pruneBlocks(later)
    expect(await rowsOf('select id from events where id in (?, ?, ?)', ...ids)).toEqual([{ id: ids[2] }])
    const listed = async () => (await blocks()).filter(({ leaves }) => leaves !== null).map(({ number }) => number)
    const lists = await listed()
    expect(lists).toContain(block.number)
    expect(lists).not.toContain(0)
    await isValid()
    await run('update events set delivered_at = 1 where id = ?', ids[2])
    await pruneEvents(later)
    await pruneBlocks(later)
    expect(await listed()).not.toContain(block.number)
    await isValid()
  })

  it('has a block and an event for each hour, also for one without records', async () => {
    const { time } = JSON.parse((await lastBlock()).head)
    const later = (hours: number) => (ctx: Ctx) => ({ ...ctx, now: () => time + hours * HOUR })
    await seal(later(1))
    const { number } = await lastBlock()
    const [event] = await rowsOf<{ data: string }>(
      "select data from events where type = 'audit.checkpoint' order by position desc limit 1",
    )
    expect(JSON.parse(event?.data ?? '')).toMatchObject({ number, hash: expect.stringMatching(/^[0-9a-f]{64}$/) })
    await seal(later(1))
    await seal(later(1))
    expect(await lastBlock()).toMatchObject({ number: number + 1 })
    await seal(later(2))
    expect(JSON.parse((await lastBlock()).head)).toMatchObject({ number: number + 2, count: 0 })
    await seal(later(2))
    await isValid()
  })

  it('notices once that the database was restored, and says what was lost', async () => {
    const now = (await lastBlock()).head
    const ctx = await app.ctx()
    const later = (minutes: number) => ({ ...ctx, now: () => JSON.parse(now).time + minutes * 60_000 })
    await sealRecord(later(1))
    const kept = await lastBlock()
    await insertRows([{ actorId: 'lost' }])
    await sealRecord(later(2))
    const lost = await lastBlock()
    await run('delete from audit_blocks where number > ?', kept.number)
    await run('delete from events where position > ?', kept.last_position)
    expect((await verify(kept.number)).findings).toMatchObject([{ kind: 'head_lost', block: lost.number }])
    await insertRows([{ actorId: 'after' }])
    await sealRecord(later(3))
    await sealRecord(later(4))
    await sealRecord(later(5))
    const { findings, restored } = await verify(kept.number)
    expect(findings).toEqual([])
    expect(restored).toMatchObject([{ block: kept.number + 1, number: lost.number }])
    expect(await rowsOf("select data from events where type = 'audit.restored'")).toHaveLength(1)
  })
})
