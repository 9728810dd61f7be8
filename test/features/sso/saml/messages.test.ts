import { beforeAll, describe, expect, it } from 'vitest'
import { openLogoutQuery, readLogoutRequest, readLogoutResponse } from '../../../../src/features/sso/saml/logout.ts'
import {
  newMessageId,
  writeAuthnRequest,
  writeLogoutRequest,
  writeLogoutResponse,
} from '../../../../src/features/sso/saml/messages.ts'
import { redirectTo } from '../../../../src/features/sso/saml/redirect.ts'
import { AUDIENCE, ENTITY } from '../../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'
import { SLO } from '../../../support/saml/logout.ts'
import { attributeOf, childrenOf, parse, textOf } from '../../../support/saml/xml.ts'

const MINUTE = 60_000
let key: TestKey
beforeAll(() => {
  key = makeKey()
})
const expected = () => ({ entityId: ENTITY, certificates: [key.certificate], sloUrl: SLO, now: NOW })

describe('our messages', () => {
  const from = { id: '_id', issuedAt: NOW, destination: SLO, entityId: ENTITY }
  const pkcs8 = () => Uint8Array.fromBase64(key.privateKey.replace(/-----[^-]+-----/g, ''))
  const send = (
    xml: string,
    parameter: 'SAMLRequest' | 'SAMLResponse',
    relayState: string | null = null,
    address = SLO,
  ) => redirectTo({ address, parameter, xml, relayState, privateKey: pkcs8() })

  it('have ids of 160 random bits, which are names', () => {
    const ids = Array.from({ length: 50 }, newMessageId)
    expect(new Set(ids).size).toBe(50)
    for (const id of ids) expect(id).toMatch(/^_[0-9a-f]{40}$/)
  })

  it('are read by our own rules when they are signed', async () => {
    const name = { nameId: 'a<b>&"c', format: 'f"', nameQualifier: 'n', spNameQualifier: null }
    const xml = writeLogoutRequest({ ...from, name, sessionIndex: '_s&' })
    const query = new URL(await send(xml, 'SAMLRequest', "it's (a) *state*!")).search
    const opened = await openLogoutQuery('LogoutRequest', query)
    expect(opened).toMatchObject({ relayState: "it's (a) *state*!" })
    expect('refused' in opened ? opened : readLogoutRequest(opened, expected())).toEqual({
      request: { id: '_id', expiresAt: NOW + 5 * MINUTE, ...name, sessionIndexes: ['_s&'] },
      certificates: [key.certificate],
    })
  })

  it.each([true, false])('answer a request, in part: %s', async (isPartial) => {
    const xml = writeLogoutResponse({ ...from, inResponseTo: '_ours', isPartial })
    const opened = await openLogoutQuery('LogoutResponse', new URL(await send(xml, 'SAMLResponse')).search)
    expect('refused' in opened ? opened : readLogoutResponse(opened, { ...expected(), requestId: '_ours' })).toEqual({
      isComplete: !isPartial,
    })
  })

  it('end every session of a person when they name none', () => {
    const name = { nameId: 'ada', format: null, nameQualifier: null, spNameQualifier: null }
    const root = parse(writeLogoutRequest({ ...from, name, sessionIndex: null }))
    expect(childrenOf(root).map(({ local }) => local)).toEqual(['Issuer', 'NameID'])
  })

  it('ask for an answer by POST at our address, and for no class of authentication', () => {
    const acsUrl = 'https://auth.example/acs?a="b"&c'
    const root = parse(writeAuthnRequest({ ...from, entityId: AUDIENCE, acsUrl, forceAuthn: false }))
    expect(root).toMatchObject({ local: 'AuthnRequest', namespace: 'urn:oasis:names:tc:SAML:2.0:protocol' })
    expect(Object.fromEntries(root.attributes.map(({ local, value }) => [local, value]))).toEqual({
      ID: '_id',
      Version: '2.0',
      IssueInstant: new Date(NOW).toISOString(),
      Destination: SLO,
      ProtocolBinding: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
      AssertionConsumerServiceURL: acsUrl,
    })
    expect(childrenOf(root).map((child) => [child.local, textOf(child)])).toEqual([['Issuer', AUDIENCE]])
    expect(attributeOf(parse(writeAuthnRequest({ ...from, acsUrl, forceAuthn: true })), 'ForceAuthn')).toBe('true')
  })

  it('go behind a query that the address has, and without a signature where none is wanted', async () => {
    const address = 'https://idp.example/slo?tenant=1'
    expect(await send('<x/>', 'SAMLRequest', 's', address)).toMatch(
      /^https:\/\/idp\.example\/slo\?tenant=1&SAMLRequest=[^&]+&RelayState=s&SigAlg=[^&]+&Signature=[^&]+$/,
    )
    const unsigned = await redirectTo({
      address: SLO,
      parameter: 'SAMLRequest',
      xml: '<x/>',
      relayState: null,
      privateKey: null,
    })
    expect(unsigned).toMatch(/^[^?]+\?SAMLRequest=[^&]+$/)
  })
})
