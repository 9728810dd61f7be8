import { describe, expect, it } from 'vitest'
import { writeMetadata } from '../../../src/features/sso/saml/messages.ts'
import { rereadMetadata } from '../../../src/features/sso/service/rereading.ts'
import {
  publishedKeys,
  resealSamlKeys,
  rotateSamlKeys,
  signingKey,
} from '../../../src/features/sso/service/saml-keys.ts'
import { DAY } from '../../../src/lib/time.ts'
import { createTeam, openPerson } from '../../support/organizations.ts'
import { replaced } from '../../support/saml/documents.ts'
import { makeKey, NOW } from '../../support/saml/keys.ts'
import { KEY, newEntity, OTHER_KEY, SLO_URL, SSO_URL } from './saml-support.ts'
import { appWithNet, eventsOf, giveDomain, rowsOf, run } from './support.ts'

const { app, net, clock } = appWithNet()

const REDIRECT = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect'
const metadataOf = (entity: string, ...certificates: readonly string[]) =>
  `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${entity}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${certificates.map((text) => `<KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`).join('')}<SingleLogoutService Binding="${REDIRECT}" Location="${SLO_URL}"/><SingleSignOnService Binding="${REDIRECT}" Location="${SSO_URL}"/></IDPSSODescriptor></EntityDescriptor>`

type Team = Awaited<ReturnType<typeof createTeam>>
const create = (team: Team, fields: Record<string, unknown>) =>
  team.owner.call('POST', `/api/v1/sso/configurations?organization_id=${team.id}`, { provider: 'saml', ...fields })
const change = (team: Team, fields: Record<string, unknown>, by = team.owner) =>
  by.call('PUT', `/api/v1/sso/configurations/${team.id}`, fields)
const byHand = (entity = newEntity()) => ({
  saml_entity_id: entity,
  saml_sso_url: SSO_URL,
  saml_slo_url: SLO_URL,
  saml_certificate: KEY.certificate,
})
const fieldOf = ({ status, body }: { status: number; body: Record<string, unknown> }) => {
  const { validation_errors: [first] = [] } = (body.details ?? {}) as { validation_errors?: { field: string }[] }
  return [status, body.code, first?.field]
}

describe('a configuration in SAML', () => {
  it('by hand and by pasted metadata is the same, and shows no certificate', async () => {
    for (const source of ['hand', 'xml'] as const) {
      const team = await createTeam(app)
      const entity = newEntity()
      const made = await create(
        team,
        source === 'hand' ? byHand(entity) : { saml_metadata_xml: metadataOf(entity, KEY.certificate) },
      )
      expect(made.status).toBe(201)
      expect(made.body).toMatchObject({
        provider: 'saml',
        status: 'pending',
        saml_entity_id: entity,
        saml_sso_url: SSO_URL,
        saml_slo_url: SLO_URL,
        saml_metadata_url: null,
        saml_certificates: [{ fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), expires_at: expect.any(String) }],
        saml_acs_url: expect.stringMatching(/\/api\/v1\/sso\/saml\/acs$/),
        saml_sp_entity_id: expect.stringContaining(`/api/v1/sso/metadata/${team.id}`),
        oidc_issuer: null,
        oidc_client_id: null,
        backchannel_logout_uri: null,
      })
      expect(JSON.stringify(made.body)).not.toContain(KEY.certificate.slice(0, 40))
      const [event] = await eventsOf(team.id)
      expect(event).toMatchObject({ type: 'sso.configuration.created', data: { after: { saml_entity_id: entity } } })
    }
  })

  it.each(['okta', 'azure_ad', 'google_workspace'])('of %s speaks it where the fields say so', async (provider) => {
    const team = await createTeam(app)
    expect((await create(team, { ...byHand(), provider })).body).toMatchObject({ provider, saml_sso_url: SSO_URL })
  })

  const weak = makeKey('weak').certificate
  const old = makeKey('rsa', { notBefore: NOW - 9 * DAY, notAfter: NOW - DAY }).certificate
  it.each<[string, Record<string, unknown>, string, string]>([
    ['nothing', {}, 'SSO_VALIDATION_ERROR', 'saml_metadata_url'],
    ['no entity', { ...byHand(), saml_entity_id: undefined }, 'SSO_VALIDATION_ERROR', 'saml_entity_id'],
    ['no address', { ...byHand(), saml_sso_url: undefined }, 'SSO_VALIDATION_ERROR', 'saml_sso_url'],
    [
      'plain http',
      { ...byHand(), saml_sso_url: 'http://idp.example.test/sso' },
      'SSO_VALIDATION_ERROR',
      'saml_sso_url',
    ],
    [
      'a private address',
      { ...byHand(), saml_sso_url: 'https://10.0.0.1/sso' },
      'SSO_VALIDATION_ERROR',
      'saml_sso_url',
    ],
    [
      'a script for an address',
      { ...byHand(), saml_slo_url: 'javascript:alert(1)' },
      'SSO_VALIDATION_ERROR',
      'saml_slo_url',
    ],
    ['no certificate', { ...byHand(), saml_certificate: [] }, 'SSO_METADATA_ERROR', 'saml_certificate'],
    ['a text for a certificate', { ...byHand(), saml_certificate: 'none' }, 'SSO_METADATA_ERROR', 'saml_certificate'],
    [
      'a weak key',
      { ...byHand(), saml_certificate: [KEY.certificate, weak] },
      'SSO_METADATA_ERROR',
      'saml_certificate',
    ],
    ['an expired certificate', { ...byHand(), saml_certificate: old }, 'SSO_METADATA_ERROR', 'saml_certificate'],
    ['no XML', { saml_metadata_xml: 'x' }, 'SSO_METADATA_ERROR', 'saml_metadata_xml'],
    [
      'metadata without a key',
      { saml_metadata_xml: metadataOf('https://idp.example.test') },
      'SSO_METADATA_ERROR',
      'saml_metadata_xml',
    ],
    [
      'metadata and fields by hand',
      { ...byHand(), saml_metadata_xml: metadataOf('https://idp.example.test', KEY.certificate) },
      'SSO_VALIDATION_ERROR',
      'saml_metadata_xml',
    ],
    [
      'an address of metadata inside the network',
      { saml_metadata_url: 'https://10.0.0.1/metadata' },
      'SSO_VALIDATION_ERROR',
      'saml_metadata_url',
    ],
    [
      'an address that does not answer',
      { saml_metadata_url: 'https://nowhere.example.test/metadata' },
      'SSO_METADATA_ERROR',
      'saml_metadata_url',
    ],
    [
      'fields of OpenID Connect',
      { ...byHand(), oidc_issuer: 'https://idp.example.test' },
      'SSO_VALIDATION_ERROR',
      'oidc_issuer',
    ],
  ])('with %s is 422, with the field', async (_, fields, code, field) => {
    const team = await createTeam(app)
    expect(fieldOf(await create(team, fields))).toEqual([422, code, `body.${field}`])
    expect(await rowsOf('select id from sso_connections where organization_id = ?', team.id)).toEqual([])
  })

  it('keeps its protocol', async () => {
    const team = await createTeam(app)
    await create(team, byHand())
    expect(fieldOf(await change(team, { provider: 'oidc' }))).toEqual([422, 'SSO_VALIDATION_ERROR', 'body.provider'])
    expect(fieldOf(await change(team, { oidc_client_id: 'x' }))).toEqual([
      422,
      'SSO_VALIDATION_ERROR',
      'body.oidc_issuer',
    ])
  })

  it('has two certificates side by side while one is replaced, each change an event', async () => {
    const team = await createTeam(app)
    await create(team, byHand())
    const both = await change(team, { saml_certificate: [KEY.certificate, OTHER_KEY.certificate] })
    expect(both.body.saml_certificates).toHaveLength(2)
    const one = await change(team, { saml_certificate: OTHER_KEY.certificate })
    expect(one.body.saml_certificates).toHaveLength(1)
    const types = (await eventsOf(team.id)).map(({ type }) => type)
    expect(types).toEqual([
      'sso.configuration.created',
      'sso.configuration.updated',
      'sso.certificate.added',
      'sso.configuration.updated',
      'sso.certificate.removed',
    ])
    // The same again is no change.
    expect((await change(team, { saml_certificate: OTHER_KEY.certificate })).status).toBe(200)
    expect(await eventsOf(team.id)).toHaveLength(types.length)
  })

  it('is for owners: admins change what people are called, nothing else', async () => {
    const team = await createTeam(app)
    await create(team, byHand())
    const admin = await team.join('admin')
    expect((await change(team, { name: 'Ours' }, admin)).status).toBe(200)
    for (const fields of [
      { saml_certificate: OTHER_KEY.certificate },
      { saml_sso_url: 'https://evil.example.test/sso' },
      { saml_metadata_xml: metadataOf(newEntity(), OTHER_KEY.certificate) },
      { saml_idp_initiated: true },
    ])
      expect((await change(team, fields, admin)).status).toBe(403)
  })

  it('of another entity forgets who everybody was', async () => {
    const team = await createTeam(app)
    const { body } = await create(team, byHand())
    const insert = `insert into identities (id, user_id, connection_id, provider, issuer, subject, created_at)
      values (?, ?, ?, 'sso', 'x', ?, 1)`
    await run(insert, crypto.randomUUID(), team.owner.id, body.id, crypto.randomUUID())
    const identities = () => rowsOf('select id from identities where connection_id = ?', body.id)
    await change(team, { saml_certificate: OTHER_KEY.certificate })
    expect(await identities()).toHaveLength(1)
    expect((await change(team, { saml_entity_id: newEntity() })).status).toBe(200)
    expect(await identities()).toEqual([])
  })

  it('is deleted with its certificates', async () => {
    const team = await createTeam(app)
    const { body } = await create(team, byHand())
    expect((await team.owner.call('DELETE', `/api/v1/sso/configurations/${team.id}`)).status).toBe(200)
    expect(await rowsOf('select * from sso_certificates where connection_id = ?', body.id)).toEqual([])
  })
})

const REQUIRED =
  'insert into sso_policies (organization_id, required, allow_break_glass, updated_at) values (?, 1, 1, 1)'
const EXPIRED = makeKey('rsa', { notAfter: NOW - DAY })
const fingerprintOf = (certificate: string): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(Uint8Array.fromBase64(certificate)).digest('hex')

/** A provider whose metadata have an address. */
async function published(certificates: readonly string[] = [KEY.certificate]) {
  const team = await createTeam(app)
  await giveDomain(team)
  const entity = newEntity()
  const host = `${crypto.randomUUID()}.example.test`
  const say = (...texts: readonly string[]) =>
    net.answers.set(host, () => new Response(texts.length === 0 ? 'gone' : metadataOf(entity, ...texts)))
  say(...certificates)
  const { status, body } = await create(team, { saml_metadata_url: `https://${host}/metadata` })
  expect(status).toBe(201)
  const reread = async () => {
    await run('update sso_connections set check_at = 1 where id = ?', body.id)
    await rereadMetadata(await app.ctx())
    return team.owner.call('GET', `/api/v1/sso/configurations/${team.id}`)
  }
  return { team, entity, host, say, reread, id: String(body.id) }
}

describe('metadata at an address', () => {
  it('are read again: keys that appear are added, keys that vanish leave, each an event', async () => {
    const { team, say, reread } = await published()
    say(KEY.certificate, OTHER_KEY.certificate)
    expect((await reread()).body.saml_certificates).toHaveLength(2)
    say(OTHER_KEY.certificate)
    expect((await reread()).body.saml_certificates).toHaveLength(1)
    const events = (await eventsOf(team.id)).slice(1)
    expect(events.map(({ type, actor_type }) => [type, actor_type])).toEqual([
      ['sso.certificate.added', 'system'],
      ['sso.certificate.removed', 'system'],
    ])
  })

  it('that cannot be read, or have no good key, change nothing; those of another entity sign nobody in', async () => {
    const { team, say, reread, host } = await published()
    say()
    expect((await reread()).body).toMatchObject({ status: 'active', saml_certificates: [{}] })
    net.answers.set(host, () => new Response(metadataOf(newEntity(), KEY.certificate)))
    expect((await reread()).body).toMatchObject({ status: 'error', error: 'issuer_changed' })
    const tested = await team.owner.call('POST', '/api/v1/sso/test', { configuration_id: team.id })
    expect(tested.body).toMatchObject({
      success: false,
      metadata_valid: false,
      details: { missing: ['saml_entity_id'] },
    })
    // An owner confirms it.
    const { body } = await change(team, { saml_metadata_url: `https://${host}/metadata` })
    expect(body).toMatchObject({ status: 'active', error: null })
  })

  it('are taken beside a trusted certificate that has expired', async () => {
    const { team, say, reread, host } = await published()
    await run(
      'update sso_certificates set certificate = ?, fingerprint = ? where connection_id = ?',
      EXPIRED.certificate,
      fingerprintOf(EXPIRED.certificate),
      String((await change(team, {})).body.id),
    )
    say(EXPIRED.certificate, OTHER_KEY.certificate)
    expect((await reread()).body.saml_certificates).toHaveLength(2)
    const byHand = { saml_certificate: [EXPIRED.certificate, KEY.certificate] }
    expect((await change(team, byHand)).body.saml_certificates).toHaveLength(2)
    expect((await change(team, { saml_metadata_url: `https://${host}/metadata` })).status).toBe(200)
  })

  it('are taken by an owner too where single sign-on is required, as cron would take them', async () => {
    const { team, say, host } = await published()
    await run(REQUIRED, team.id)
    // The owner's own session is none of the provider.
    const admin = await openPerson(app, { role: 'admin' })
    say(OTHER_KEY.certificate)
    const elsewhere = { saml_metadata_url: `https://${host}/other` }
    expect(await change(team, elsewhere, admin)).toMatchObject({
      status: 409,
      body: { code: 'SSO_CONFIGURATION_REQUIRED' },
    })
    const { status, body } = await change(team, { saml_metadata_url: `https://${host}/metadata` }, admin)
    expect([status, body.saml_certificates.length]).toEqual([200, 1])
    const byHand = { saml_certificate: KEY.certificate }
    expect((await change(team, byHand, admin)).status).toBe(409)
  })

  it('warn owners of the end of a certificate 30, 14 and 3 days ahead, once each', async () => {
    const { team, id, reread } = await published()
    const warned = async () =>
      (await eventsOf(team.id)).filter(({ type }) => type === 'sso.certificate.expiring').length
    const endsIn = (days: number) =>
      run('update sso_certificates set not_after = ? where connection_id = ?', Date.now() + days * DAY, id)
    for (const [days, count] of [
      [31, 0],
      [29, 1],
      [20, 1],
      [13, 2],
      [2, 3],
      [1, 3],
    ] as const) {
      await endsIn(days)
      await reread()
      expect([days, await warned()]).toEqual([days, count])
    }
  })
})

describe('our keys', () => {
  const at = async <T>(days: number, work: (ctx: Awaited<ReturnType<typeof app.ctx>>) => Promise<T>): Promise<T> => {
    clock.ahead = days * DAY
    try {
      return await work(await app.ctx())
    } finally {
      clock.ahead = 0
    }
  }
  const none = () => run('delete from saml_keys')

  it('are one, however many ask at once, and none before anybody does', async () => {
    await none()
    await at(0, rotateSamlKeys)
    expect(await rowsOf('select id from saml_keys')).toEqual([])
    const ctx = await app.ctx()
    const rings = await Promise.all(Array.from({ length: 4 }, () => publishedKeys(ctx)))
    expect(new Set(rings.map(([key]) => key?.id)).size).toBe(1)
    expect(await rowsOf('select id from saml_keys')).toHaveLength(1)
  })

  it('have a successor in the metadata 14 days before it signs, and stay 30 days after it does', async () => {
    await none()
    const [first] = await at(0, publishedKeys)
    await at(715, rotateSamlKeys)
    expect(await rowsOf('select id from saml_keys')).toHaveLength(1)
    await at(716, rotateSamlKeys)
    await at(717, rotateSamlKeys)
    const [next, ...rest] = await at(717, publishedKeys)
    expect(rest.map(({ id }) => id)).toEqual([first?.id])
    expect((await at(729, signingKey)).id).toBe(first?.id)
    expect((await at(731, signingKey)).id).toBe(next?.id)
    expect(await at(759, publishedKeys)).toHaveLength(2)
    await at(761, rotateSamlKeys)
    expect(await rowsOf('select id from saml_keys')).toEqual([{ id: next?.id }])
  })

  it('stand in our metadata as certificates that a provider can read', async () => {
    const [key] = await at(0, publishedKeys)
    const { X509Certificate } = process.getBuiltinModule('node:crypto')
    const read = new X509Certificate(Uint8Array.fromBase64(key?.certificate ?? ''))
    expect(read.verify(read.publicKey)).toBe(true)
    expect(
      writeMetadata({ entityId: 'e', acsUrl: 'a', sloUrl: 's', certificates: [key?.certificate ?? ''] }),
    ).toContain(key?.certificate ?? 'none')
  })

  it('that no root secret opens are as if they were not there', async () => {
    await none()
    const [before] = await at(0, publishedKeys)
    await run('update saml_keys set private_sealed = ?', replaced('x.y', 'x', 'unknown'))
    await at(0, resealSamlKeys)
    const [after] = await at(0, publishedKeys)
    expect(after?.id).not.toBe(before?.id)
    await none()
  })
})
