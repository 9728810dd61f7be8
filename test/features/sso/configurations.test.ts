import { beforeAll, describe, expect, it } from 'vitest'
import { eraseOrganizations } from '../../../src/features/organizations/service/ownership.ts'
import { rereadMetadata } from '../../../src/features/sso/service/rereading.ts'
import { openSecret, resealSecrets } from '../../../src/features/sso/service/secrets.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { importRootKeys } from '../../../src/lib/root-keys.ts'
import { DAY, HOUR, MINUTE } from '../../../src/lib/time.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { env } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { createTeam, openPerson, type Person, type Team, withStaleFactor } from '../../support/organizations.ts'
import {
  appWithNet,
  configure,
  eventsOf,
  giveDomain,
  ISSUER,
  metadataOf,
  publish,
  rowsOf,
  run,
  setOpenedBySso,
} from './support.ts'

const { app, net, clock } = appWithNet()
const CONFIGURATIONS = '/api/v1/sso/configurations'

const create = (team: Team, fields: Record<string, unknown> = {}, by: Person = team.owner) =>
  by.call('POST', `${CONFIGURATIONS}?organization_id=${team.id}`, {
    provider: 'oidc',
    oidc_issuer: ISSUER,
    oidc_client_id: 'the-client',
    oidc_client_secret: 'the-secret',
    ...fields,
  })

const change = (id: string, fields: Record<string, unknown>, by: Person) =>
  by.call('PUT', `${CONFIGURATIONS}/${id}`, fields)

const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [status, body.error?.code]
const fieldOf = ({ body }: { body: { error: { details: { validation_errors: { field: string }[] } } } }) =>
  body.error.details.validation_errors[0]?.field

const rowOf = async (id: string) => {
  const [row] = await rowsOf('select * from sso_connections where id = ?', id)
  return row as Record<string, unknown> & { secret_sealed: string }
}

/** Somebody has signed in through the connection. */
async function linkSomebody(id: string): Promise<() => Promise<number>> {
  await run(
    "insert into identities (id, user_id, provider, connection_id, issuer, subject, created_at) values (?, ?, 'sso', ?, ?, 'ada', 1)",
    newUuid(),
    newUuid(),
    id,
    ISSUER,
  )
  return async () => (await rowsOf('select 1 from identities where connection_id = ?', id)).length
}

const mailsTo = async ({ user }: Person) => {
  await app.settled()
  return (await acceptedMails(user.email, 'sso_changed')).length
}

/** An organization that is asked what is refused; nothing there is changed. */
let shared: Team
let ranked: { readonly team: Team; readonly admin: Person; readonly stale: Person }

beforeAll(async () => {
  shared = await createTeam(app)
  const team = await createTeam(app)
  await configure(team, net)
  const [admin, other] = [await team.join('admin'), await team.join('owner')]
  ranked = { team, admin, stale: await withStaleFactor(other) }
})

describe('a configuration', () => {
  it('is answered without its secret, which is sealed, and pending until a domain is verified', async () => {
    const team = await createTeam(app)
    const made = await configure(team, net)
    const { id } = made
    const answer = {
      organization_id: team.id,
      provider: 'oidc',
      status: 'pending',
      enabled: true,
      saml_entity_id: null,
      saml_acs_url: null,
      saml_sso_url: null,
      oidc_issuer: ISSUER,
      oidc_client_id: 'the-client',
      oidc_authorization_url: `${ISSUER}/authorize`,
      redirect_uri: `http://127.0.0.1:8787/api/v1/sso/oidc/callback/${id}`,
      jit_provisioning: true,
      default_role: 'member',
      allowed_domains: [],
      role_mapping: [],
    }
    expect(made).toMatchObject(answer)
    const row = await rowOf(id)
    expect(JSON.stringify(row)).not.toContain('the-secret')
    expect(await openSecret(await app.ctx(), id, row.secret_sealed)).toBe('the-secret')
    await giveDomain(team)
    const active = { ...answer, status: 'active' }
    for (const key of [id, team.id]) {
      const { body } = await team.owner.call('GET', `${CONFIGURATIONS}/${key}`)
      expect(body).toMatchObject(active)
      expect(JSON.stringify(body)).not.toContain('secret_sealed')
      expect(JSON.stringify(body)).not.toContain('the-secret')
    }
    const list = await team.owner.call('GET', CONFIGURATIONS)
    expect(list.body).toMatchObject([active])
    const events = await eventsOf(team.id)
    expect(events).toMatchObject([{ type: 'sso.configuration.created', data: { after: { oidc_issuer: ISSUER } } }])
    expect(JSON.stringify(events)).not.toContain('the-secret')
    expect(await mailsTo(team.owner)).toBe(1)
  })

  it('reads the metadata once, by an address of the issuer, without following', async () => {
    const team = await createTeam(app)
    net.asked.length = 0
    await configure(team, net)
    expect(net.asked.map(({ url }) => url.href)).toEqual([`${ISSUER}/.well-known/openid-configuration`])
    expect(net.asked[0]?.init?.redirect).toBe('manual')
    await team.owner.call('GET', `${CONFIGURATIONS}/${team.id}`)
    expect(net.asked).toHaveLength(1)
  })

  it('is one of its organization, also when five are made at once', async () => {
    const team = await createTeam(app)
    publish(net)
    const all = await Promise.all(Array.from({ length: 5 }, () => create(team)))
    expect(all.map(({ status }) => status).toSorted()).toEqual([201, 400, 400, 400, 400])
    expect(codeOf(await create(team))).toEqual([400, 'SSO_CONFIGURATION_EXISTS'])
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it.each(['oauth2', 'ldap', 'active_directory'])('by %s is 400', async (provider) => {
    const team = await createTeam(app)
    expect(codeOf(await create(team, { provider }))).toEqual([400, 'SSO_PROVIDER_UNSUPPORTED'])
    await configure(team, net)
    expect(codeOf(await change(team.id, { provider }, team.owner))).toEqual([400, 'SSO_PROVIDER_UNSUPPORTED'])
  })

  it('with a callback of all connections is for a provider that names its issuer (RFC 9207)', async () => {
    const team = await createTeam(app)
    const named = { authorization_response_iss_parameter_supported: true }
    publish(net, ISSUER, () => Response.json(metadataOf(ISSUER, named)))
    const { body } = await create(team)
    expect(body.redirect_uri).toBe('http://127.0.0.1:8787/api/v1/sso/oidc/callback')
  })

  it.each([
    ['azure_ad', 'https://login.microsoftonline.com/7d9d1b0e-0000-4000-8000-000000000001/v2.0', { groups: 'groups' }],
    ['okta', 'https://engines.okta.com', { email: 'email', groups: 'groups' }],
  ])('of %s has the defaults of that provider', async (provider, issuer, mapping) => {
    const team = await createTeam(app)
    publish(net, issuer)
    const { body } = await create(team, { provider, oidc_issuer: issuer, attribute_mapping: { email: 'mail' } })
    expect(body.attribute_mapping).toMatchObject({ ...mapping, email: 'mail' })
  })

  it('of google_workspace needs no issuer', async () => {
    const team = await createTeam(app)
    publish(net, 'https://accounts.google.com')
    const { body } = await create(team, { provider: 'google_workspace', oidc_issuer: undefined })
    expect(body.oidc_issuer).toBe('https://accounts.google.com')
  })

  it('is found by the address of its metadata, whichever way the issuer is written', async () => {
    const team = await createTeam(app)
    publish(net, `${ISSUER}/`, () => Response.json(metadataOf(`${ISSUER}/`)))
    const given = { oidc_issuer: undefined, oidc_discovery_url: `${ISSUER}/.well-known/openid-configuration` }
    expect((await create(team, given)).body.oidc_issuer).toBe(`${ISSUER}/`)
    const again = { oidc_discovery_url: given.oidc_discovery_url }
    expect((await change(team.id, again, team.owner)).status).toBe(200)
    expect((await eventsOf(team.id)).map(({ type }) => type)).toEqual(['sso.configuration.created'])
  })
})

describe('an issuer', () => {
  const MICROSOFT = 'https://login.microsoftonline.com'
  it.each([
    ['http://idp.engines.test'],
    ['https://127.0.0.1'],
    ['https://[::1]'],
    ['https://localhost'],
    ['https://10.0.0.1'],
    ['https://idp.internal'],
    ['https://intranet'],
    ['https://user:pass@idp.engines.test'],
    ['https://idp.engines.test?tenant=1'],
    ['https://idp.engines.test#x'],
    ['http://127.0.0.1:8787'],
    ['ftp://idp.engines.test'],
    ['nonsense'],
    ['https://accounts.google.com'],
    ['https://appleid.apple.com'],
    [`${MICROSOFT}/common/v2.0`],
    [`${MICROSOFT}/organizations/v2.0`],
    [`${MICROSOFT}/consumers/v2.0`],
    [`${MICROSOFT}/Common/v2.0`],
    [`${MICROSOFT}/{tenantid}/v2.0`],
    [`${MICROSOFT}/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0`],
    ['https://sts.windows.net/common/'],
  ])('%s is 422, and nobody is asked', async (issuer) => {
    const team = shared
    publish(net, 'https://accounts.google.com')
    net.asked.length = 0
    const refused = await create(team, { oidc_issuer: issuer })
    // Local mode lets loopback be called: then nobody is there.
    const isLoopback = /localhost|127\.0\.0\.1\/?$|::1/.test(issuer)
    expect(codeOf(refused)).toEqual([422, isLoopback ? 'SSO_METADATA_ERROR' : 'SSO_VALIDATION_ERROR'])
    expect(fieldOf(refused)).toBe('body.oidc_issuer')
    expect(net.asked).toHaveLength(isLoopback ? 1 : 0)
  })

  it.each([
    ['google_workspace', { oidc_issuer: ISSUER }, 'body.oidc_issuer'],
    ['oidc', { oidc_issuer: undefined }, 'body.oidc_issuer'],
    ['oidc', { oidc_client_id: undefined }, 'body.oidc_client_id'],
    ['oidc', { oidc_client_secret: undefined }, 'body.oidc_client_secret'],
    ['oidc', { oidc_discovery_url: 'https://other.test/.well-known/openid-configuration' }, 'body.oidc_discovery_url'],
    ['oidc', { oidc_issuer: undefined, oidc_discovery_url: `${ISSUER}/metadata` }, 'body.oidc_discovery_url'],
    [
      'oidc',
      { oidc_issuer: undefined, oidc_discovery_url: '/.well-known/openid-configuration' },
      'body.oidc_discovery_url',
    ],
  ])('of %s with %j is 422 with the field', async (provider, fields, field) => {
    const refused = await create(shared, { provider, ...fields })
    expect([codeOf(refused), fieldOf(refused)]).toEqual([[422, 'SSO_VALIDATION_ERROR'], field])
  })

  const changed = (fields: Record<string, unknown>) => () => Response.json(metadataOf(ISSUER, fields))
  const FAULTS: readonly (readonly [string, () => Response | Promise<Response>])[] = [
    ['are of another issuer', changed({ issuer: 'https://idp.other.test' })],
    ['are of the issuer with a slash', changed({ issuer: `${ISSUER}/` })],
    ['have no issuer', changed({ issuer: undefined })],
    ['have no token endpoint', changed({ token_endpoint: undefined })],
    ['have no keys', changed({ jwks_uri: undefined })],
    ['have a plain http endpoint', changed({ token_endpoint: 'http://idp.engines.test/token' })],
    ['have keys at a private address', changed({ jwks_uri: 'https://169.254.169.254/keys' })],
    ['have userinfo at our own host', changed({ userinfo_endpoint: 'http://127.0.0.1:8787/api/v1/auth/me' })],
    ['have a script as an endpoint', changed({ authorization_endpoint: 'javascript:alert(1)' })],
    ['know HMAC alone', changed({ id_token_signing_alg_values_supported: ['HS256', 'none'] })],
    ['know no code', changed({ response_types_supported: ['id_token'] })],
    ['are a list', () => Response.json([metadataOf(ISSUER)])],
    ['are null', () => Response.json(null)],
    ['are HTML', () => new Response('<html>')],
    ['are not there', () => new Response('{}', { status: 404 })],
    ['are empty', () => new Response(null, { status: 204 })],
    ['are elsewhere', () => Response.redirect('https://idp.other.test/metadata', 302)],
    ['are huge', () => new Response(' '.repeat(1_100_000) + JSON.stringify(metadataOf(ISSUER)))],
    ['are not answered', () => Promise.reject(new TypeError('Network connection lost.'))],
  ]
  it.each(FAULTS)('whose metadata %s is 422', async (_, answer) => {
    publish(net, ISSUER, answer)
    const refused = await create(shared)
    expect([codeOf(refused), fieldOf(refused)]).toEqual([[422, 'SSO_METADATA_ERROR'], 'body.oidc_issuer'])
  })

  it('leaves no configuration behind when it is refused', async () => {
    expect((await shared.owner.call('GET', CONFIGURATIONS)).body).toEqual([])
  })
})

describe('a body', () => {
  it.each([
    ['default_role', 'owner'],
    ['default_role', 'reports'],
    ['role_mapping', [{ group: 'Engineers', role: 'owner' }]],
    ['role_mapping', [{ group: '', role: 'member' }]],
    [
      'role_mapping',
      [
        { group: 'a', role: 'member' },
        { group: 'a', role: 'admin' },
      ],
    ],
    ['role_mapping', Array.from({ length: 101 }, (_, index) => ({ group: `g${index}`, role: 'member' }))],
    [
      'role_mapping',
      Array.from({ length: 100 }, (_, index) => ({ group: `${index}${'x'.repeat(200)}`, role: 'member' })),
    ],
    ['allowed_domains', ['not a domain']],
    ['allowed_domains', Array.from({ length: 21 }, (_, index) => `d${index}.test`)],
    ['attribute_mapping', { email: '' }],
    ['provider', 'github'],
    ['oidc_client_id', 'a\nb'],
    ['name', 'x'.repeat(101)],
  ])('with %s %j is 422', async (name, value) => {
    expect((await create(shared, { [name]: value })).status).toBe(422)
  })

  it('that is as large as it may be makes an event that fits', async () => {
    const team = await createTeam(app)
    const largest = (letter: string) => ({
      name: '"'.repeat(100),
      attribute_mapping: { email: '"'.repeat(128), first_name: '"'.repeat(128), last_name: '"'.repeat(128) },
      allowed_domains: Array.from({ length: 20 }, (_, index) =>
        [...Array(4).fill(`${letter}${index}`.padEnd(60, 'x')), 'test'].join('.'),
      ),
      role_mapping: Array.from({ length: 60 }, (_, index) => ({
        group: `${index}${letter}${'é'.repeat(110)}`,
        role: 'admin',
      })),
    })
    await configure(team, net, largest('a'))
    expect(codeOf(await change(team.id, largest('b'), team.owner))).toEqual([200, undefined])
    const { body } = await team.owner.call('GET', `${CONFIGURATIONS}/${team.id}`)
    expect(body.role_mapping).toHaveLength(60)
  })
})

describe('a change', () => {
  it('replaces what it names, is an event with what was and is, and a mail to every owner', async () => {
    const team = await createTeam(app)
    const other = await team.join('owner')
    const { id } = await configure(team, net)
    const { status, body } = await change(
      id,
      {
        default_role: 'viewer',
        role_mapping: [
          { group: 'B', role: 'admin' },
          { group: 'A', role: 'member' },
        ],
      },
      team.owner,
    )
    const mapping = [
      { group: 'A', role: 'member' },
      { group: 'B', role: 'admin' },
    ]
    expect([status, body.default_role, body.role_mapping]).toEqual([200, 'viewer', mapping])
    expect((await eventsOf(team.id)).at(-1)).toMatchObject({
      type: 'sso.configuration.updated',
      data: {
        before: { default_role: 'member', role_mapping: [] },
        after: { default_role: 'viewer', role_mapping: mapping },
      },
    })
    expect([await mailsTo(team.owner), await mailsTo(other)]).toEqual([2, 2])
    expect((await change(id, { role_mapping: [] }, team.owner)).body).toMatchObject({ role_mapping: [] })
  })

  it('writes no column that it does not change: a secret that cron seals meanwhile stays', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    await run("update sso_connections set error = 'issuer_changed' where id = ?", id)
    publish(net, ISSUER, async () => {
      await run("update sso_connections set secret_sealed = 'anew' where id = ?", id)
      return Response.json(metadataOf(ISSUER))
    })
    const { status, body } = await change(id, { oidc_issuer: ISSUER, name: 'Ours' }, team.owner)
    expect([status, body.status, body.name]).toEqual([200, 'pending', 'Ours'])
    expect(await rowOf(id)).toMatchObject({ name: 'Ours', error: null, secret_sealed: 'anew' })
    publish(net)
  })

  it('ignores a mapping that nothing reads, and shows none', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    await run(
      'update sso_connections set attribute_mapping = \'{"external_id":"oid","email":"mail"}\' where id = ?',
      id,
    )
    const { body } = await team.owner.call('GET', `${CONFIGURATIONS}/${id}`)
    expect(body.attribute_mapping).toEqual({
      email: 'mail',
      first_name: 'given_name',
      last_name: 'family_name',
      display_name: 'name',
      groups: 'groups',
    })
  })

  it('of nothing is no event', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    expect((await change(id, { enabled: true, oidc_issuer: ISSUER }, team.owner)).status).toBe(200)
    expect((await change(id, {}, await team.join('admin'))).status).toBe(200)
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it('of the secret seals the new one, and names it in the event alone', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    expect((await change(id, { oidc_client_secret: 'another-secret' }, team.owner)).status).toBe(200)
    expect(await openSecret(await app.ctx(), id, (await rowOf(id)).secret_sealed)).toBe('another-secret')
    const last = (await eventsOf(team.id)).at(-1)
    expect(last?.data).toEqual({ before: {}, after: { oidc_client_secret: 'changed' } })
  })

  it("of the issuer needs the secret anew, which otherwise would be sent to another's server", async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    await run('update sso_connections set owner_signed_in_at = 1 where id = ?', id)
    const evil = 'https://idp.evil.test'
    publish(net, evil)
    net.asked.length = 0
    const refused = await change(id, { oidc_issuer: evil }, team.owner)
    expect([codeOf(refused), fieldOf(refused)]).toEqual([[422, 'SSO_VALIDATION_ERROR'], 'body.oidc_client_secret'])
    expect(net.asked).toHaveLength(0)
    expect(await rowOf(id)).toMatchObject({ issuer: ISSUER, owner_signed_in_at: 1 })
    const done = await change(id, { oidc_issuer: evil, oidc_client_secret: 'new' }, team.owner)
    expect([done.status, done.body.oidc_authorization_url]).toEqual([200, `${evil}/authorize`])
    // Nobody has signed in through this one.
    expect(await rowOf(id)).toMatchObject({ issuer: evil, owner_signed_in_at: null })
  })

  it('of the issuer forgets who somebody was at the one before, and no other change does', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    const linked = await linkSomebody(id)
    const others = {
      name: 'Ours',
      oidc_client_id: 'other',
      oidc_client_secret: 'new',
      oidc_issuer: ISSUER,
      enabled: false,
    }
    expect((await change(id, others, team.owner)).status).toBe(200)
    expect(await linked()).toBe(1)
    const issuer = 'https://idp.other.test'
    publish(net, issuer)
    expect(
      (await change(id, { oidc_issuer: issuer, oidc_client_secret: 'new' }, await team.join('admin'))).status,
    ).toBe(403)
    expect(await linked()).toBe(1)
    expect((await change(id, { oidc_issuer: issuer, oidc_client_secret: 'new' }, team.owner)).status).toBe(200)
    expect(await linked()).toBe(0)
  })

  it('to `enabled: false` is status disabled', async () => {
    const team = await createTeam(app)
    await configure(team, net)
    await giveDomain(team)
    expect((await change(team.id, { enabled: false }, team.owner)).body.status).toBe('disabled')
    expect((await change(team.id, { enabled: true }, team.owner)).body.status).toBe('active')
  })

  it('of three at once loses none', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    const all = await Promise.all([
      change(id, { default_role: 'viewer' }, team.owner),
      change(id, { jit_provisioning: false }, team.owner),
      change(id, { sync_profile: true }, team.owner),
    ])
    expect(all.map(({ status }) => status)).toEqual([200, 200, 200])
    const { body } = await team.owner.call('GET', `${CONFIGURATIONS}/${id}`)
    expect(body).toMatchObject({ default_role: 'viewer', jit_provisioning: false, sync_profile: true })
    expect(await rowOf(id)).toMatchObject({ version: 4 })
  })
})

describe('who may', () => {
  const DECIDING: readonly Record<string, unknown>[] = [
    { oidc_issuer: 'https://idp.evil.test', oidc_client_secret: 'x' },
    { oidc_client_id: 'another' },
    { oidc_client_secret: 'another' },
    { provider: 'okta' },
    { enabled: false },
    { allowed_domains: ['engines.test'] },
    { jit_provisioning: false },
    { default_role: 'admin' },
    { role_mapping: [{ group: 'x', role: 'admin' }] },
    { attribute_mapping: { email: 'nickname' } },
    { attribute_mapping: { groups: 'nickname' } },
    { sync_profile: true },
    { trust_second_factor: true },
  ]

  it.each(DECIDING)('change %j is an owner with a fresh factor', async (fields) => {
    const { team, admin, stale } = ranked
    net.asked.length = 0
    expect(codeOf(await change(team.id, fields, admin))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await change(team.id, fields, stale))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(net.asked).toHaveLength(0)
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it('change a name, or which claims are the names of people, is an admin of the organization', async () => {
    const team = await createTeam(app)
    await configure(team, net)
    const admin = await team.join('admin')
    const fields = { name: 'Our provider', attribute_mapping: { display_name: 'nickname', first_name: 'first' } }
    expect((await change(team.id, fields, admin)).body).toMatchObject(fields)
    expect(await mailsTo(team.owner)).toBe(2)
  })

  it('create and delete is an owner with a fresh factor, or an admin of the platform', async () => {
    const { team, admin, stale } = ranked
    expect(codeOf(await create(team, {}, admin))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await create(team, {}, stale))).toEqual([403, 'STEP_UP_REQUIRED'])
    const remove = (by: Person) => by.call('DELETE', `${CONFIGURATIONS}/${team.id}`)
    expect(codeOf(await remove(admin))).toEqual([403, 'INSUFFICIENT_PERMISSIONS'])
    expect(codeOf(await remove(stale))).toEqual([403, 'STEP_UP_REQUIRED'])
    const platform = await openPerson(app, { role: 'admin' })
    expect((await change(team.id, { sync_profile: false }, platform)).status).toBe(200)
    const other = await createTeam(app)
    publish(net)
    expect((await create(other, {}, platform)).status).toBe(201)
    const all = await platform.call('GET', CONFIGURATIONS)
    expect(all.body.length).toBeGreaterThanOrEqual(2)
  })

  it('see it is an admin of the organization: to strangers there is none', async () => {
    const { team, admin } = ranked
    const id = (await admin.call('GET', `${CONFIGURATIONS}/${team.id}`)).body.id
    const member = await team.join('member')
    const stranger = (await createTeam(app)).owner
    for (const key of [id, team.id]) {
      expect((await member.call('GET', `${CONFIGURATIONS}/${key}`)).status).toBe(403)
      for (const [method, body] of [['GET'], ['PUT', { name: 'x' }], ['DELETE']] as const)
        expect(codeOf(await stranger.call(method, `${CONFIGURATIONS}/${key}`, body))).toEqual([
          404,
          'SSO_CONFIGURATION_NOT_FOUND',
        ])
      expect((await stranger.call('POST', '/api/v1/sso/test', { configuration_id: key })).status).toBe(404)
    }
    expect(codeOf(await create(team, {}, stranger))).toEqual([404, 'ORGANIZATION_NOT_FOUND'])
    const nowhere = { ...team, id: newUuid() }
    expect(codeOf(await create(nowhere, {}, stranger))).toEqual([404, 'ORGANIZATION_NOT_FOUND'])
    expect((await stranger.call('GET', `${CONFIGURATIONS}?organization_id=${team.id}`)).status).toBe(404)
    expect((await stranger.call('GET', CONFIGURATIONS)).body).toEqual([])
    expect((await (await openPerson(app)).call('GET', CONFIGURATIONS)).body).toEqual([])
  })
})

describe('a deletion', () => {
  it('takes identities and the role mapping along, is an event, and leaves nobody anything', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net, { role_mapping: [{ group: 'x', role: 'admin' }] })
    const linked = await linkSomebody(id)
    const remove = () => team.owner.call('DELETE', `${CONFIGURATIONS}/${id}`)
    const both = await Promise.all([remove(), remove()])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404])
    expect(await rowsOf('select * from role_mappings where organization_id = ?', team.id)).toEqual([])
    expect(await linked()).toBe(0)
    expect((await eventsOf(team.id)).map(({ type }) => type)).toEqual([
      'sso.configuration.created',
      'sso.configuration.deleted',
    ])
    await configure(team, net)
  })

  it('is refused while the organization requires single sign-on', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    const linked = await linkSomebody(id)
    await run(
      'insert into sso_policies (organization_id, required, allow_break_glass, updated_at) values (?, 1, 1, 1)',
      team.id,
    )
    await setOpenedBySso(team, team.owner)
    const refused = await team.owner.call('DELETE', `${CONFIGURATIONS}/${id}`)
    expect(codeOf(refused)).toEqual([409, 'SSO_CONFIGURATION_REQUIRED'])
    expect(await linked()).toBe(1)
  })

  it('of the organization takes all along', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net, { role_mapping: [{ group: 'x', role: 'admin' }] })
    expect((await team.owner.call('DELETE', team.path)).status).toBe(200)
    const platform = await openPerson(app, { role: 'admin' })
    expect((await platform.call('GET', `${CONFIGURATIONS}/${id}`)).status).toBe(404)
    await eraseOrganizations(await app.ctx(), ORGANIZATION_DATA)
    expect(await rowsOf('select * from sso_connections where id = ?', id)).toEqual([])
    expect(await rowsOf('select * from role_mappings where organization_id = ?', team.id)).toEqual([])
  })
})

describe('a test', () => {
  const test = (team: Team, id = team.id) => team.owner.call('POST', '/api/v1/sso/test', { configuration_id: id })

  it('says what is missing, and changes nothing', async () => {
    const team = await createTeam(app)
    const { id } = await configure(team, net)
    const missing = await test(team, id)
    expect(missing.body).toEqual({
      success: false,
      provider: 'oidc',
      metadata_valid: true,
      connection_status: 'pending',
      error_message: null,
      details: { missing: ['verified_domain'] },
    })
    await giveDomain(team)
    expect((await test(team)).body).toMatchObject({ success: true, connection_status: 'active' })
    publish(net, ISSUER, () => new Response('<html>'))
    expect((await test(team)).body).toMatchObject({
      success: false,
      metadata_valid: false,
      connection_status: 'active',
      error_message: expect.stringContaining('not_json'),
    })
    expect(await eventsOf(team.id)).toHaveLength(1)
  })
})

describe('cron', () => {
  const reread = async (ahead: number) => {
    clock.ahead = ahead
    try {
      await rereadMetadata(await app.ctx())
      await app.settled()
    } finally {
      clock.ahead = 0
    }
  }

  /** A team whose configuration alone is due in a day. */
  const dueTeam = async () => {
    await run('update sso_connections set check_at = 9e15')
    const team = await createTeam(app)
    await giveDomain(team)
    return { team, ...(await configure(team, net)) }
  }
  const statusOf = async (team: Team) => (await team.owner.call('GET', `${CONFIGURATIONS}/${team.id}`)).body.status

  it('reads the metadata again each day, and keeps what has changed', async () => {
    const { team, id } = await dueTeam()
    net.asked.length = 0
    await reread(DAY - MINUTE)
    expect(net.asked).toHaveLength(0)
    await reread(DAY + MINUTE)
    expect(net.asked).toHaveLength(1)
    expect(await eventsOf(team.id)).toHaveLength(1)
    const reordered = { id_token_signing_alg_values_supported: ['HS256', 'RS256'] }
    publish(net, ISSUER, () => Response.json(metadataOf(ISSUER, reordered)))
    await reread(2 * DAY + 2 * MINUTE)
    expect(await eventsOf(team.id)).toHaveLength(1)
    publish(net, ISSUER, () => Response.json(metadataOf(ISSUER, { jwks_uri: `${ISSUER}/new-keys` })))
    await reread(3 * DAY + 3 * MINUTE)
    expect(JSON.parse((await rowOf(id)).metadata as string).jwks_uri).toBe(`${ISSUER}/new-keys`)
    expect((await eventsOf(team.id)).at(-1)).toMatchObject({
      type: 'sso.configuration.updated',
      actor_type: 'system',
      data: { before: { jwks_uri: `${ISSUER}/keys` }, after: { jwks_uri: `${ISSUER}/new-keys` }, reason: 'metadata' },
    })
    expect(await mailsTo(team.owner)).toBe(2)
  })

  it('leaves where people are sent back to as it is registered, also when the provider begins to name its issuer', async () => {
    const { team } = await dueTeam()
    const of = async () => (await team.owner.call('GET', `${CONFIGURATIONS}/${team.id}`)).body.redirect_uri
    const before = await of()
    publish(net, ISSUER, () =>
      Response.json(metadataOf(ISSUER, { authorization_response_iss_parameter_supported: true })),
    )
    await reread(DAY + MINUTE)
    expect(await of()).toBe(before)
    expect(await statusOf(team)).toBe('active')
  })

  it('puts a connection in error when its metadata become those of another issuer, until an owner confirms it', async () => {
    const { team } = await dueTeam()
    publish(net, ISSUER, () => Response.json(metadataOf('https://idp.other.test')))
    await reread(DAY + MINUTE)
    expect(await statusOf(team)).toBe('error')
    expect((await eventsOf(team.id)).at(-1)?.data).toMatchObject({ after: { error: 'issuer_changed' } })
    expect(await mailsTo(team.owner)).toBe(2)
    await reread(3 * DAY)
    expect(await mailsTo(team.owner)).toBe(2)
    publish(net)
    await reread(5 * DAY)
    expect(await statusOf(team)).toBe('error')
    const byAddress = { oidc_discovery_url: `${ISSUER}/.well-known/openid-configuration` }
    for (const confirmed of [{ oidc_issuer: ISSUER }, byAddress]) {
      await run("update sso_connections set error = 'issuer_changed' where organization_id = ?", team.id)
      expect((await change(team.id, confirmed, await team.join('admin'))).status).toBe(403)
      expect((await change(team.id, confirmed, team.owner)).body.status).toBe('active')
    }
    // What is not in error is as it was.
    net.asked.length = 0
    expect((await change(team.id, byAddress, team.owner)).status).toBe(200)
    expect(net.asked).toHaveLength(0)
  })

  it('confirms no issuer that is written otherwise without the secret', async () => {
    const { team, id } = await dueTeam()
    await run("update sso_connections set error = 'issuer_changed' where id = ?", id)
    publish(net, ISSUER, () => Response.json(metadataOf(`${ISSUER}/`)))
    const byAddress = { oidc_discovery_url: `${ISSUER}/.well-known/openid-configuration` }
    expect(codeOf(await change(id, byAddress, team.owner))).toEqual([422, 'SSO_VALIDATION_ERROR'])
    expect((await change(id, { ...byAddress, oidc_client_secret: 'new' }, team.owner)).body).toMatchObject({
      status: 'active',
      oidc_issuer: `${ISSUER}/`,
    })
    publish(net)
  })

  it.each([
    ['do not answer', () => Promise.reject(new TypeError('lost'))],
    ['are HTML', () => new Response('<html>')],
    ['have lost their keys', () => Response.json(metadataOf(ISSUER, { jwks_uri: undefined }))],
    ['have a plain endpoint', () => Response.json(metadataOf(ISSUER, { token_endpoint: 'http://x.test/' }))],
    ['are a list of nothing', () => Response.json([])],
  ] as const)('changes nothing while metadata %s, and asks again in an hour', async (_, answer) => {
    const { team, id } = await dueTeam()
    const { metadata } = await rowOf(id)
    publish(net, ISSUER, answer)
    await reread(DAY + MINUTE)
    expect([await statusOf(team), (await rowOf(id)).metadata]).toEqual(['active', metadata])
    expect(await eventsOf(team.id)).toHaveLength(1)
    net.asked.length = 0
    await reread(DAY + HOUR + 2 * MINUTE)
    expect(net.asked).toHaveLength(1)
  })

  it('of three runs at once asks once, and mails once', async () => {
    const { team } = await dueTeam()
    publish(net, ISSUER, () => Response.json(metadataOf('https://idp.other.test')))
    clock.ahead = DAY + MINUTE
    net.asked.length = 0
    const ctx = await app.ctx()
    await Promise.all([rereadMetadata(ctx), rereadMetadata(ctx), rereadMetadata(ctx)])
    clock.ahead = 0
    expect([net.asked.length, await mailsTo(team.owner)]).toEqual([1, 2])
  })

  it('seals secrets anew after a change of the root secret', async () => {
    const { id } = await dueTeam()
    const ctx = await app.ctx()
    const previous = String((env as unknown as Record<string, unknown>).ROOT_SECRET)
    const rootKeys = await importRootKeys({ current: 'another-secret-of-32-characters-x', previous })
    const moved = { ...ctx, config: { ...ctx.config, rootKeys } }
    await resealSecrets(moved)
    const { secret_sealed } = await rowOf(id)
    expect(secret_sealed.startsWith(`${rootKeys.current.id}.`)).toBe(true)
    expect(await openSecret(moved, id, secret_sealed)).toBe('the-secret')
    await expect(openSecret(moved, newUuid(), secret_sealed)).rejects.toThrow()
  })
})
