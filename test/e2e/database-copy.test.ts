import { randomUUID } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { insertInto, withDatabase } from '../../scripts/support/database.ts'
import { bearer, post, type SignedIn, signIn, signInAdmin, signUp } from './support/api.ts'
import { openD1File } from './support/d1-file.ts'
import { type Postern, startPostern } from './support/postern.ts'
import { start } from './support/process.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'postern-copy-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(script: string, state: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = ['scripts/run.mjs', script, ...args]
  const running = start(process.execPath, command, {
    cwd: inject('checkout'),
    env: { PERSIST_TO: join(folder, state) },
  })
  const code = await running.ended
  return { code, output: running.output() }
}

const open = (state: string) => openD1File(join(folder, state))

/** Everything but how a search index lies in its pages, and in which of FTS5's formats. */
function contentOf(state: string) {
  const database = open(state)
  try {
    const schema = database
      .prepare("select type, name, tbl_name, sql from sqlite_master where name not glob '_cf_*' order by name")
      .all()
    const isRead = (name: string) => !/_search_(data|idx|config)$/.test(name)
    const tables = schema.flatMap(({ type, name }) => (type === 'table' && isRead(String(name)) ? [String(name)] : []))
    const orderOf = (name: string) => (name.includes('_search_') ? '1' : 'rowid')
    const rowsOf = (name: string) => database.prepare(`select * from "${name}" order by ${orderOf(name)}`).all()
    const rows = tables.map((name) => [name, rowsOf(name)])
    return { schema, rows: Object.fromEntries(rows) as Record<string, Record<string, unknown>[]> }
  } finally {
    database.close()
  }
}

/** Texts that a dump of lines is tempted to change. */
const BIO = "C:\\new\\readme\nan O'Brien\r\nreplace('x','\\n',char(10)); -- \"ß\" 日本 🏰"

const ROWS = (userId: string, eventId: string) => {
  const now = Date.now()
  return [
    insertInto('passkeys', {
      id: randomUUID(),
      user_id: userId,
      credential_id: randomUUID(),
      public_key: 'key',
      sign_count: 7,
      transports: '[]',
      device_type: 'singleDevice',
      backed_up: 0,
      aaguid: randomUUID(),
      rp_id: '127.0.0.1',
      created_at: now,
    }),
    insertInto('identities', {
      id: randomUUID(),
      user_id: userId,
      provider: 'google',
      issuer: 'https://accounts.google.com',
      subject: randomUUID(),
      email: 'ada@example.com',
      created_at: now,
    }),
    insertInto('openid_metadata', { issuer: 'https://id.example.com', document: '{}', read_at: now }),
    insertInto('former_addresses', {
      id: randomUUID(),
      user_id: userId,
      email: 'before@example.com',
      replaced_by: 'after@example.com',
      changed_at: now,
      until: now + 604_800_000,
    }),
    insertInto('dear_hashes', { user_id: userId, cost_ms: 200, used_at: now }),
    insertInto('passkey_handles', { user_id: userId, handle: 'handle' }),
    insertInto('totp_factors', { user_id: userId, secret_sealed: 'sealed', created_at: now }),
    ...['b', 'a'].map((id) =>
      insertInto('backup_codes', { id, user_id: userId, salt: 's', code_hash: 'h', hint: 'xy', created_at: now }),
    ),
    insertInto('one_time_tokens', {
      id: randomUUID(),
      purpose: 'account_unlock',
      token_hash: randomUUID(),
      user_id: userId,
      data: '{"note":"a\\nb"}',
      created_at: now,
      expires_at: now + 3_600_000,
    }),
    insertInto('mails', {
      id: randomUUID(),
      kind: 'welcome',
      recipient: 'x@example.com',
      status: 'dead',
      created_at: now,
    }),
    insertInto('dead_letters', {
      id: randomUUID(),
      user_id: userId,
      destination: 'record',
      payload: '{}',
      attempts: 10,
      created_at: now,
    }),
    insertInto('maintenance', { id: 1, enabled: 0, message: 'Back at\nnoon, see \\n', changed_at: now }),
    insertInto('roles', {
      id: 'role',
      scope: 'platform',
      key: 'auditor',
      name: 'Auditor',
      name_key: 'auditor',
      permissions: '["reports:read"]',
      created_at: now,
      updated_at: now,
    }),
    insertInto('role_assignments', {
      role_id: 'role',
      user_id: userId,
      scope: 'platform',
      assigned_by: userId,
      assigned_at: now,
    }),
    insertInto('grants', {
      scope: 'platform',
      user_id: userId,
      permission: 'pages:read',
      granted_by: userId,
      granted_at: now,
    }),
    insertInto('role_versions', { scope: 'platform', version: 2 }),
    insertInto('organizations', {
      id: 'organization',
      name: 'Analytical — “Engines”',
      slug: 'engines',
      settings: '{"theme":"dark"}',
      created_by: userId,
      created_at: now,
      updated_at: now,
    }),
    insertInto('memberships', {
      id: 'membership',
      organization_id: 'organization',
      user_id: userId,
      role: 'owner',
      joined_at: now,
      taken_up_at: now,
    }),
    insertInto('policies', {
      id: 'policy',
      scope: 'platform',
      name: 'Readers',
      effect: 'allow',
      conditions: '{"StringEquals":{"context.a":"b\\n"}}',
      size: 100,
      created_at: now,
      updated_at: now,
    }),
    insertInto('policy_versions', {
      policy_id: 'policy',
      version: 1,
      policy: '{"name":"Former"}',
      changed_by: userId,
      changed_at: now,
    }),
    insertInto('policy_sets', { scope: 'platform', version: 2 }),
    insertInto('organization_domains', {
      organization_id: 'organization',
      domain: 'engines.test',
      challenge: 'challenge',
      created_at: now,
      verified_at: now,
      check_at: now,
    }),
    insertInto('sso_policies', { organization_id: 'organization', required: 0, allow_break_glass: 1, updated_at: now }),
    insertInto('sso_connections', {
      id: 'connection',
      organization_id: 'organization',
      provider: 'oidc',
      issuer: 'https://idp.engines.test',
      client_id: 'client',
      secret_sealed: 'sealed',
      metadata: '{"issuer":"https://idp.engines.test"}',
      check_at: now,
      created_at: now,
      updated_at: now,
    }),
    insertInto('sso_certificates', {
      connection_id: 'connection',
      organization_id: 'organization',
      fingerprint: 'ab',
      certificate: 'MIIB',
      not_after: now,
      added_at: now,
    }),
    insertInto('saml_keys', {
      id: 'saml-key',
      certificate: 'MIIB',
      private_sealed: 'sealed',
      created_at: now,
      signs_from: now,
    }),
    insertInto('federated_sessions', {
      session_id: 'session',
      organization_id: 'organization',
      user_id: userId,
      connection_id: 'connection',
      subject_hash: 'subject',
      provider_session_hash: 'session',
      sealed: 'sealed',
      expires_at: now,
    }),
    insertInto('scim_configs', {
      id: 'directory',
      organization_id: 'organization',
      provider: 'okta',
      default_role: 'member',
      configuration: '{}',
      created_at: now,
      updated_at: now,
    }),
    insertInto('scim_tokens', {
      id: 'directory-token',
      organization_id: 'organization',
      token_hash: 'hash',
      prefix: 'scim_abc',
      created_by: userId,
      created_at: now,
      expires_at: now + 1,
    }),
    insertInto('scim_users', {
      id: 'record',
      organization_id: 'organization',
      user_id: userId,
      user_name_key: 'çelik',
      active: 1,
      attributes: '{"userName":"Çelik — 😀","active":true}',
      folded: '{"userName":"çelik — 😀","active":true}',
      write_id: 'write',
      created_at: now,
      updated_at: now,
    }),
    insertInto('scim_user_emails', {
      organization_id: 'organization',
      email: 'celik@engines.test',
      record_id: 'record',
    }),
    insertInto('scim_groups', {
      id: 'group',
      organization_id: 'organization',
      display_name: 'Engineers — “A”',
      display_name_key: 'engineers — “a”',
      write_id: 'write',
      created_at: now,
      updated_at: now,
    }),
    insertInto('scim_members', {
      organization_id: 'organization',
      group_id: 'group',
      record_id: 'record',
      write_id: 'write',
    }),
    insertInto('scim_log', {
      id: 'log',
      organization_id: 'organization',
      at: now,
      token_id: 'directory-token',
      operation: 'create',
      resource_type: 'User',
      resource_id: 'record',
      status: 'success',
      http_status: 201,
      changed: '["userName"]',
    }),
    insertInto('role_mappings', { organization_id: 'organization', group_name: 'Engineers — “A”', role: 'admin' }),
    insertInto('webhook_endpoints', {
      id: 'webhook',
      organization_id: 'organization',
      url: 'https://hooks.example.test/in',
      events: '["*"]',
      description: 'Line one\nline two',
      headers: '{"X-Own":"yes"}',
      secret_sealed: 'sealed',
      ordered: 0,
      batch: 1,
      audit: 0,
      created_by: userId,
      created_at: now,
      updated_at: now,
    }),
    insertInto('translation_keys', {
      id: 'translation-key',
      key: 'shop.title',
      default_value: "It's {name}",
      description: 'Line one\nline two',
      created_at: now,
      updated_at: now,
    }),
    insertInto('translations', {
      locale: 'ar',
      key: 'page.close',
      value: 'أغلق «الصفحة»',
      is_override: 1,
      updated_at: now,
    }),
    insertInto('invitations', {
      id: 'invitation',
      organization_id: 'organization',
      email: 'guest@example.com',
      role: 'member',
      permissions: '["docs:read"]',
      message: 'Come — “soon”',
      invited_by: userId,
      created_at: now,
      updated_at: now,
      expires_at: now,
    }),
    insertInto('retention_days', { kind: 'reports', days: 500, changed_at: now }),
    insertInto('compliance_days', { day: 20_000, assessed_at: now, results: '{}', head_number: 1, head_hash: 'x' }),
    insertInto('compliance_reports', {
      id: randomUUID(),
      title: 'SOC 2',
      framework: 'soc2',
      from_day: 20_000,
      to_day: 20_001,
      score: 999,
      content: '{}',
      created_at: now,
    }),
    insertInto('audit_keys', { kid: 'key', public_key: 'x', private_sealed: 'x.x', created_at: now }),
    insertInto('audit_blocks', {
      number: 1_000_000,
      time: now,
      last_position: 1,
      hash: 'x',
      head: '{"number":1000000,"pruned_before":0}',
      kid: 'key',
      signature: 'x',
      leaves: 'AAAA',
    }),
    insertInto('legal_holds', {
      id: 'hold',
      user_id: userId,
      reason: 'Smith — v. Jones',
      placed_at: now,
      released_at: now,
    }),
    insertInto('data_requests', {
      id: 'request',
      user_id: userId,
      type: 'objection',
      status: 'received',
      description: 'No — “ads”',
      asked_for: '{"specific_fields":["bio"]}',
      received_at: now,
      due_at: now,
      updated_at: now,
    }),
    insertInto('consents', { id: 'consent', user_id: userId, purpose: 'news', version: '1', change: 'given', at: now }),
    insertInto('privacy_settings', { user_id: userId, switches: '{"ads":false}', updated_at: now }),
    // What no object has taken yet.
    insertInto('events', {
      id: eventId,
      type: 'user.updated',
      time: now,
      subject: userId,
      user_id: userId,
      actor_type: 'system',
      actor_id: 'test',
      data: '{"after":{"bio":"a\\nb"}}',
      ip: '192.0.2.7',
      user_agent: 'a browser',
      data_salt: '0'.repeat(32),
      origin_salt: '1'.repeat(32),
    }),
  ]
}

describe('a copy of the database', () => {
  const eventId = randomUUID()
  let ada: SignedIn
  let highest: number
  let stats: Record<string, unknown>
  let before: ReturnType<typeof contentOf>
  let restored: { code: number | null; output: string }
  const copy = () => join(folder, 'copy.sql')

  const statsOf = async ({ origin }: Postern): Promise<Record<string, unknown>> => {
    const { access_token } = await signInAdmin(origin)
    return (await fetch(`${origin}/api/v1/admin/stats`, { headers: bearer(access_token) })).json() as never
  }

  /** The record and the counts of sessions are written by a queue. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 3000))

  beforeAll(async () => {
    const first = await startPostern(inject('checkout'), { PERSIST_TO: join(folder, 'first') })
    ada = await signUp(first.origin, "o'brien.lovelace@example.com")
    const [left, gone] = [await signUp(first.origin), await signUp(first.origin)]
    await signIn(first.origin, ada.email)
    await post(first.origin, '/api/v1/auth/signout', {}, bearer(left.access_token))
    const profile = { method: 'PATCH', headers: { ...bearer(ada.access_token), 'content-type': 'application/json' } }
    await fetch(`${first.origin}/api/v1/users/me`, { ...profile, body: JSON.stringify({ bio: BIO }) })
    const { access_token } = await signInAdmin(first.origin)
    const user = await fetch(`${first.origin}/api/v1/admin/users/${gone.userId}`, { headers: bearer(access_token) })
    highest = ((await user.json()) as { number: number }).number
    const erase = () =>
      fetch(`${first.origin}/api/v1/admin/users/${gone.userId}/force-delete`, {
        method: 'DELETE',
        headers: bearer(access_token),
      })
    await settled()
    await erase()
    await erase()
    stats = await statsOf(first)
    await settled()
    await first.running.stop()
    await withDatabase({ at: 'local', persistTo: join(folder, 'first') }, (database) =>
      database.execute(ROWS(ada.userId, eventId)),
    )
    before = contentOf('first')
    const made = await run('db-export', 'first', '--output', copy())
    expect(made, made.output).toMatchObject({ code: 0 })
    // Objects and KV are where they were; the database is new.
    await cp(join(folder, 'first'), join(folder, 'second'), { recursive: true })
    await rm(join(folder, 'second/v3/d1'), { recursive: true })
    restored = await run('db-restore', 'second', '--file', copy())
  }, 300_000)

  it('gives back every row, number, index and trigger as it was', async () => {
    expect(restored, restored.output).toMatchObject({ code: 0 })
    const after = contentOf('second')
    expect(after.schema).toEqual(before.schema)
    expect(Object.keys(after.rows)).toEqual(Object.keys(before.rows))
    for (const [table, rows] of Object.entries(before.rows)) expect(after.rows[table], table).toEqual(rows)
    // What is compared says something of each table.
    const empty = Object.entries(before.rows).flatMap(([name, { length }]) => (length === 0 ? [name] : []))
    expect(empty).toEqual(['clients'])
    expect(after.rows.users?.find(({ id }) => id === ada.userId)).toMatchObject({ bio: BIO })
    expect(after.rows.events?.find(({ id }) => id === eventId)).toMatchObject({ ip: '192.0.2.7', delivered_at: null })
    expect((await stat(copy())).mode & 0o777).toBe(0o600)
  })

  it('has search indexes that agree with users and organizations', async () => {
    const database = open('second')
    for (const index of ['user_search', 'organization_search']) {
      const check = `insert into ${index} (${index}, rank) values ('integrity-check', 1)`
      expect(() => database.exec(check), index).not.toThrow()
    }
    database.close()
  })

  it('is what the service goes on with', { timeout: 180_000 }, async () => {
    const second = await startPostern(inject('checkout'), { PERSIST_TO: join(folder, 'second') })
    try {
      const { origin } = second
      const refreshed = await post(origin, '/api/v1/auth/refresh', { refresh_token: ada.refresh_token })
      expect(refreshed.status).toBe(200)
      const { access_token } = await signInAdmin(origin)
      const ask = async (path: string) =>
        (await (await fetch(`${origin}${path}`, { headers: bearer(access_token) })).json()) as never
      const next = await signUp(origin)
      expect(await ask(`/api/v1/admin/users/${next.userId}`)).toMatchObject({ number: highest + 1 })
      expect(await ask('/api/v1/admin/users?search=brien')).toMatchObject([{ id: ada.userId, sessions_count: 2 }])
      expect(await statsOf(second)).toMatchObject({ total_users: Number(stats.total_users) + 1 })
      await settled()
    } finally {
      await second.running.stop()
    }
    const { rows } = contentOf('second')
    const { position, ...event } = before.rows.events?.find(({ id }) => id === eventId) ?? {}
    expect(rows.events?.find(({ id }) => id === eventId)).toEqual({
      ...event,
      position,
      delivered_at: expect.any(Number),
    })
    const old = before.rows.events?.filter(({ delivered_at }) => delivered_at !== null) ?? []
    const ids = new Set(old.map(({ id }) => id))
    expect(rows.events?.filter(({ id }) => ids.has(id))).toEqual(old)
  })

  it('is not loaded over what is there, and not written over another', async () => {
    expect(await run('db-restore', 'first', '--file', copy())).toMatchObject({
      code: 1,
      output: expect.stringContaining('the local database is not empty'),
    })
    expect(await run('db-export', 'first', '--output', copy())).toMatchObject({
      code: 1,
      output: expect.stringContaining('is there already'),
    })
  })

  it('is loaded whole or not at all', async () => {
    const torn = join(folder, 'torn.sql')
    await writeFile(torn, `${await readFile(copy(), 'utf8')}\nINSERT INTO users (id) VALUES ('x');\n`)
    expect(await run('db-restore', 'third', '--file', torn)).toMatchObject({ code: 1 })
    expect(await run('db-restore', 'third', '--file', copy())).toMatchObject({ code: 0 })
  })
})

describe('a copy of thousands of rows', () => {
  const SHIELDS = Array.from({ length: 1100 }, (_, id) => insertInto('shields', { id, motto: 'x'.repeat(500) }))
  const TABLE = 'CREATE TABLE shields (id INTEGER PRIMARY KEY AUTOINCREMENT, motto TEXT);'

  it('is restored in parts, and leaves nothing behind when a late one fails', { timeout: 60_000 }, async () => {
    const copy = join(folder, 'large.sql')
    const lines = ['-- A copy of a Postern database, for `npm run db:restore`.', TABLE, ...SHIELDS]
    await writeFile(copy, lines.join('\n'))
    const torn = join(folder, 'large-torn.sql')
    await writeFile(torn, [...lines, SHIELDS[0]].join('\n'))
    const refused = await run('db-restore', 'large', '--file', torn)
    expect([refused.code, refused.output]).toEqual([1, expect.stringMatching(/UNIQUE constraint failed/)])
    const restored = await run('db-restore', 'large', '--file', copy)
    expect([restored.code, restored.output]).toEqual([0, expect.stringMatching(/^Part 3 of 3/m)])
    const database = open('large')
    expect(database.prepare('select count(*) as n, max(id) as last from shields').get()).toEqual({
      n: SHIELDS.length,
      last: SHIELDS.length - 1,
    })
    database.close()
  })
})

describe('db:export beside a service', () => {
  it('waits for a lock, and says what to do when it stays', { timeout: 120_000 }, async () => {
    await withDatabase({ at: 'local', persistTo: join(folder, 'busy') }, (database) =>
      database.execute(['CREATE TABLE shields (id INTEGER PRIMARY KEY AUTOINCREMENT)']),
    )
    const holder = open('busy')
    holder.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    const refused = await run('db-export', 'busy', '--output', join(folder, 'busy.sql'))
    holder.close()
    expect(refused.code).toBe(1)
    expect(refused.output.trim()).toBe('postern: the database is busy: stop the service and try again')
  })
})

describe('db:export and db:restore refuse', () => {
  it.each([
    ['db-export', [], 'name the file'],
    ['db-export', ['--to', 'x'], '--to'],
    ['db-restore', [], 'name the copy'],
    ['db-restore', ['--file', 'nowhere.sql'], 'nowhere.sql is no file'],
    ['db-restore', ['--file', 'README.md'], 'README.md was not made by `npm run db:export`'],
  ])('%s with %j', async (script, args, message) => {
    expect(await run(script, 'none', ...args)).toMatchObject({ code: 1, output: expect.stringContaining(message) })
  })
})
