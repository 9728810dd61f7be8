import { beforeAll, describe, expect, it } from 'vitest'
import { sealText } from '../../../src/lib/root-keys.ts'
import { attacksOn } from '../../support/saml/attacks/attacks.ts'
import { ACS, ANSWER, ENTITY, encode, NAME, REQUEST, SHAPES, type Shape } from '../../support/saml/documents.ts'
import { makeKey, NOW } from '../../support/saml/keys.ts'
import { newAddress } from '../../support/users.ts'
import { answerOf, JSON_ONLY } from '../federation/support.ts'
import { goToProvider, openSaml, postAnswer, type SamlRequest } from './saml-support.ts'
import { createSso } from './sign-in-support.ts'
import { giveDomain, rowsOf, run } from './support.ts'

// The attacks of `saml/attacks.test.ts` on the service itself. Those on answers whose assertion is signed; the others are read by the
// same steps: `VITE_SAML_ATTACKS=all npx vitest run test/features/sso/saml-attacks.test.ts` posts them too.
const { env } = import.meta as { readonly env?: Readonly<Record<string, string | undefined>> }
const POSTED = env?.VITE_SAML_ATTACKS === 'all' ? (Object.keys(SHAPES) as Shape[]) : (['assertion'] as const)

const keys = { trusted: makeKey(), stranger: makeKey(), p256: makeKey('p256'), weak: makeKey('weak') }
const said: Record<string, unknown>[] = []

/** The service at the time and the address of the tests' documents. */
const service = createSso({
  env: { PUBLIC_URL: new URL(ACS).origin },
  override: (ctx) => ({
    ...ctx,
    now: () => NOW,
    log: { ...ctx.log, info: (event, fields) => void said.push({ event, ...fields }) },
  }),
})
const by = service.browser()
let request: SamlRequest

/** The organization and the request that the documents name. */
beforeAll(async () => {
  const { team, id } = await openSaml(createSso(), {
    saml_entity_id: ENTITY,
    saml_certificate: keys.trusted.certificate,
  })
  await giveDomain({ id: 'acme' }, NAME.slice(NAME.indexOf('@') + 1))
  await run("update organizations set id = 'acme' where id = ?", team.id)
  await run("update sso_connections set organization_id = 'acme' where id = ?", id)
  for (const { certificate } of [keys.p256, keys.weak])
    await run("insert into sso_certificates values (?, 'acme', ?, ?, 9e15, 1, null)", id, certificate, certificate)
  request = await goToProvider(by, { organization: team.slug })
  const nonce = request.id.slice(1)
  const [row] = await rowsOf<{ id: string }>("select id from one_time_tokens where data ->> '$.nonce' = ?", nonce)
  const named = REQUEST.slice(1)
  const { config } = await service.app.ctx()
  await run(
    "update one_time_tokens set data = json_set(data, '$.nonce', ?1, '$.verifierSealed', ?2) where id = ?3",
    ...[named, await sealText(config.rootKeys, 'federated sign-in', named, 'x'), row?.id],
  )
})

const post = (xml: string) =>
  answerOf(postAnswer(by, encode(xml), request.state, { ...JSON_ONLY, 'cf-connecting-ip': newAddress() }))
const nobody = () =>
  rowsOf(
    'select (select count(*) from identities where issuer = ?1) + (select count(*) from users where email = ?2) as n',
    ENTITY,
    NAME,
  )

describe('an answer that somebody forged, posted with the state in its browser', () => {
  it.each(POSTED.flatMap((shape) => attacksOn(shape, keys)))('is refused: $name, $reason', async ({ xml, reason }) => {
    said.length = 0
    const { status, code } = await post(xml)
    expect([400, 401]).toContain(status)
    expect(code).toBe('SSO_AUTHENTICATION_ERROR')
    expect(said.filter(({ event }) => event === 'saml_refused')).toMatchObject([{ reason }])
    expect(JSON.stringify(said)).not.toContain('acme.example')
  })

  it('has signed nobody in, and the good one does', async () => {
    expect(await nobody()).toEqual([{ n: 0 }])
    expect(await post(SHAPES.assertion(ANSWER, keys.trusted))).toMatchObject({ status: 200, user: { email: NAME } })
  })
})
