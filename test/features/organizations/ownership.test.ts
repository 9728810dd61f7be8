import { getTableName } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { settleOwnerless } from '../../../src/features/organizations/service/ownership.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { createTestApp, env } from '../../support/app.ts'
import { waitForMails } from '../../support/mail.ts'
import { createAppWithObjects } from '../../support/objects.ts'
import { createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'
import { newEmail } from '../../support/world.ts'
import { insertRole, setVersion } from '../rbac/support.ts'

const app = createTestApp()

/** What single sign-on keeps of an organization. */
const SINGLE_SIGN_ON = [
  "insert into legal_holds (id, organization_id, reason, placed_at, released_at) values (?1, ?1, 'x', 1, 1)",
  "insert into organization_domains (organization_id, domain, challenge, created_at) values (?1, ?1 || '.test', 'x', 1)",
  'insert into sso_policies (organization_id, required, allow_break_glass, updated_at) values (?, 0, 1, 1)',
  `insert into sso_connections (id, organization_id, provider, issuer, client_id, secret_sealed, metadata, check_at, created_at, updated_at)
   values (?1, ?1, 'oidc', 'https://idp.engines.test', 'x', 'x', '{}', 9e15, 1, 1)`,
  "insert into sso_certificates values ('c-' || ?1, ?1, 'ab', 'MIIB', 1, 1, null)",
  "insert into role_mappings values (?, 'engineers', 'admin')",
  "insert into scim_configs (id, organization_id, provider, default_role, configuration, created_at, updated_at) values (?1, ?1, 'okta', 'member', '{}', 1, 1)",
  "insert into scim_tokens (id, organization_id, token_hash, prefix, created_at, expires_at) values (?1, ?1, ?1, 'x', 1, 9e15)",
  "insert into scim_users (id, organization_id, user_name_key, active, attributes, folded, write_id, created_at, updated_at) values (?1, ?1, 'x', 1, '{}', '{}', 'x', 1, 1)",
  "insert into scim_user_emails (organization_id, email, record_id) values (?1, 'x@x.test', ?1)",
  "insert into scim_groups (id, organization_id, display_name, display_name_key, write_id, created_at, updated_at) values (?1, ?1, 'x', 'x', 'x', 1, 1)",
  "insert into scim_members (organization_id, group_id, record_id, write_id) values (?1, ?1, ?1, 'x')",
  "insert into scim_log (id, organization_id, at, token_id, operation, resource_type, status, http_status, changed) values (?1, ?1, 9e15, ?1, 'create', 'User', 'success', 201, '[]')",
  `insert into webhook_endpoints (id, organization_id, url, events, secret_sealed, ordered, batch, audit, created_at, updated_at)
  values (?1, ?1, 'https://x.test/', '[]', 'x', 0, 0, 0, 1, 1)`,
  "insert into federated_sessions (session_id, organization_id, user_id, expires_at) values (?1, ?1, 'x', 9e15)",
]
const mailless = createTestApp({ env: { MAIL_TRANSPORT: 'smtp' } })

const recipients = async (): Promise<string[]> => {
  const { results } = await env.DB.prepare(
    "select recipient from mails where kind = 'organization_ownerless' order by recipient",
  ).all<{ recipient: string }>()
  return results.map(({ recipient }) => recipient)
}

/** Admins of the platform who may be told, oldest first. */
const confirmedAdmins = async (): Promise<string[]> => {
  const { results } = await env.DB.prepare(
    `select email from users where role = 'admin' and status = 'active' and email_verified_at is not null
      and email_unanswered_since is null order by number limit 10`,
  ).all<{ email: string }>()
  return results.map(({ email }) => email)
}

/** To whom mails went during an action, each as often as it was mailed. */
async function toldBy(action: () => Promise<unknown>): Promise<string[]> {
  const before = await recipients()
  await action()
  await app.settled()
  const after = await recipients()
  for (const one of before) after.splice(after.indexOf(one), 1)
  return after
}

const rowOf = async ({ id }: Team) =>
  env.DB.prepare('select deleted_at, owner_loss_told_at from organizations where id = ?')
    .bind(id)
    .first<{ deleted_at: number | null; owner_loss_told_at: number | null }>()

const removeOwner = ({ owner }: Team, admin: Person) => admin.call('DELETE', `/api/v1/admin/users/${owner.id}`)
const settle = async () => settleOwnerless(await app.ctx())

describe('an organization whose last owner is deleted', () => {
  it('tells ten admins of the platform at most, once, when nobody can take over', async () => {
    const [team, admin] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    for (let more = 0; more < 10; more += 1) await openPerson(app, { role: 'admin' })
    await team.join('member')
    const expected = (await confirmedAdmins()).sort()
    expect(expected).toHaveLength(10)
    expect(await toldBy(async () => expect((await removeOwner(team, admin)).status).toBe(200))).toEqual(expected)
    for (const to of expected.slice(0, 2)) {
      // Other files have mailed the oldest admins, too.
      await vi.waitFor(async () => {
        const mails = await waitForMails(app, to)
        expect(mails.filter(({ text }) => text.includes(team.slug))).toHaveLength(1)
      }, 5000)
    }
    expect(await toldBy(settle)).toEqual([])
    expect((await rowOf(team))?.deleted_at).toBeNull()
  })

  it('tells them only of one of which something is left and nobody can have', async () => {
    const admin = await openPerson(app, { role: 'admin' })
    const [inherited, alone] = [await createTeam(app), await createTeam(app)]
    const heir = await inherited.join('admin')
    const told = await toldBy(async () => {
      await removeOwner(inherited, admin)
      await removeOwner(alone, admin)
    })
    expect(told).toEqual([])
    const { body } = await admin.call('GET', `${inherited.path}/members`)
    expect(body.find(({ user_id }: { user_id: string }) => user_id === heir.id).role).toBe('owner')
    expect((await rowOf(alone))?.deleted_at).not.toBeNull()
  })

  it('tells of a second loss, and hands over once an admin can sign in', async () => {
    const [team, admin] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    const second = await team.join('member')
    await team.join('viewer')
    expect((await toldBy(() => removeOwner(team, admin))).length).toBeGreaterThan(0)
    const appointed = await admin.call('POST', `${team.path}/transfer-ownership`, { new_owner_id: second.id })
    expect(appointed.status).toBe(200)
    const again = () => removeOwner({ ...team, owner: second }, admin)
    expect((await toldBy(again)).length).toBeGreaterThan(0)
    const heir = await team.join('admin')
    expect(await toldBy(settle)).toEqual([])
    const { body } = await admin.call('GET', `${team.path}/members`)
    expect(body.find(({ user_id }: { user_id: string }) => user_id === heir.id).role).toBe('owner')
  })

  it('tells them when the account is erased at once, and nobody whose address is not confirmed', async () => {
    const [team, admin] = [await createTeam(app), await openPerson(app, { role: 'admin' })]
    await team.join('member')
    await openPerson(app, { role: 'admin', emailVerifiedAt: undefined as never })
    const expected = (await confirmedAdmins()).sort()
    const erase = () => admin.call('DELETE', `/api/v1/admin/users/${team.owner.id}?permanent=true`)
    expect(await toldBy(async () => expect((await erase()).status).toBe(200))).toEqual(expected)
  })

  it('waits for cron where no mail can be sent', async () => {
    const [team, admin] = [await createTeam(mailless), await openPerson(mailless, { role: 'admin' })]
    await team.join('member')
    expect(await toldBy(async () => expect((await removeOwner(team, admin)).status).toBe(200))).toEqual([])
    await mailless.settled()
    expect((await rowOf(team))?.owner_loss_told_at).toBeNull()
    const racing = () => Promise.all([settle(), settle()])
    expect(await toldBy(racing)).toEqual((await confirmedAdmins()).sort())
  })

  it('is told of by cron when no mail was accepted', async () => {
    const failing = createAppWithObjects(() => ({
      guard: () => {
        throw new Error('away')
      },
    }))
    const team = await createTeam(app)
    await openPerson(app, { role: 'admin' })
    await team.join('member')
    const deleted = async () => {
      await env.DB.prepare("update users set status = 'deleted', deleted_at = ?, erase_at = ? where id = ?")
        .bind(Date.now(), Date.now() + 60_000, team.owner.id)
        .run()
      await settleOwnerless(await failing.ctx(), team.owner.id)
      await failing.settled()
    }
    expect(await toldBy(deleted)).toEqual([])
    expect((await rowOf(team))?.owner_loss_told_at).toBeNull()
    expect(await toldBy(settle)).toContain((await confirmedAdmins())[0])
  })
})

describe('a deleted organization', () => {
  it('loses all that it held by cron, and its row once the slug is free', async () => {
    const [team, other] = [await createTeam(app), await createTeam(app)]
    const [member, role] = [
      await team.join('member'),
      await insertRole(app, { scope: team.id, key: 'k', permissions: [] }),
    ]
    await setVersion(app, team.id, 2)
    const { owner } = team
    const made = [
      await owner.call('POST', '/api/v1/invitations', { organization_id: team.id, email: newEmail() }),
      await owner.call('POST', `/api/v1/rbac/users/${member.id}/roles?organization_id=${team.id}`, { role_id: role }),
      await owner.call('PUT', `/api/v1/users/${member.id}/permissions?organization_id=${team.id}`, {
        permissions: ['docs:read'],
      }),
      await owner.call('POST', '/api/v1/policies', { name: 'p', organization_id: team.id, actions: ['*'] }),
    ]
    expect(made.map(({ status }) => status)).toEqual([201, 200, 200, 201])
    for (const insert of SINGLE_SIGN_ON) await env.DB.prepare(insert).bind(team.id).run()
    const left = async ({ id }: Team) => {
      const rows: string[] = []
      for (const {
        by: { table, name },
      } of ORGANIZATION_DATA) {
        const found = await env.DB.prepare(`select 1 from "${getTableName(table)}" where "${name}" = ?`)
          .bind(id)
          .first()
        if (found) rows.push(getTableName(table))
      }
      return rows
    }
    expect(await left(team)).toEqual(ORGANIZATION_DATA.map(({ by }) => getTableName(by.table)))
    expect((await owner.call('DELETE', team.path)).status).toBe(200)
    await runScheduled(await app.ctx())
    expect(await left(team)).toEqual([])
    expect((await rowOf(team))?.deleted_at).not.toBeNull()
    await env.DB.prepare('update organizations set erase_at = 1 where id = ?').bind(team.id).run()
    await runScheduled(await app.ctx())
    expect(await rowOf(team)).toBeNull()
    expect(await left(other)).toEqual(['memberships'])
  })
})
