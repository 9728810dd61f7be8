import { beforeAll, describe, expect, it } from 'vitest'
import {
  openLogoutForm,
  openLogoutQuery,
  readLogoutRequest,
  readLogoutResponse,
} from '../../../../src/features/sso/saml/logout.ts'
import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { utf8 } from '../../../../src/lib/encoding.ts'
import {
  ALGORITHMS,
  ANSWER,
  ENTITY,
  encode,
  replaced,
  type Signing,
  sign,
  signBytes,
} from '../../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'
import {
  deflate,
  LOGOUT_REQUEST as REQUEST,
  LOGOUT_RESPONSE as RESPONSE,
  type Redirection,
  redirected as redirectedBy,
  SLO,
} from '../../../support/saml/logout.ts'

const MINUTE = 60_000
const iso = (ms: number) => new Date(NOW + ms).toISOString()

let key: TestKey
let stranger: TestKey
let p256: TestKey
beforeAll(() => {
  key = makeKey()
  stranger = makeKey()
  p256 = makeKey('p256')
})

const expected = () => ({ entityId: ENTITY, certificates: [key.certificate, p256.certificate], sloUrl: SLO, now: NOW })

const READ = {
  id: '_logout',
  expiresAt: NOW + 5 * MINUTE,
  nameId: 'ada@acme.example',
  format: 'f',
  nameQualifier: null,
  spNameQualifier: null,
  sessionIndexes: ['_one', '_two'],
}

/** Of the keys that are trusted one has signed. */
const proved = (by = key) => ({ request: READ, certificates: [by.certificate] })

const redirected = (xml: string | Uint8Array, more: Partial<Redirection> = {}) =>
  redirectedBy(xml, { by: key, ...more })

async function byQuery(query: string) {
  const opened = await openLogoutQuery('LogoutRequest', query)
  return 'refused' in opened ? opened : readLogoutRequest(opened, expected())
}
async function byForm(xml: string, now = NOW) {
  const opened = await openLogoutForm('LogoutRequest', encode(xml), null)
  return 'refused' in opened ? opened : readLogoutRequest(opened, { ...expected(), now })
}
const reasonOf = (outcome: object) => ('refused' in outcome ? outcome.refused : 'accepted')

describe('a LogoutRequest by POST', () => {
  it('names whom it signs out', async () => {
    expect(await byForm(sign(REQUEST, '_logout', key))).toEqual(proved())
  })

  it('names its issuer before anything is proved, for the choice of the connection', async () => {
    expect(await openLogoutForm('LogoutRequest', encode(REQUEST), 'x')).toMatchObject({
      issuer: ENTITY,
      relayState: 'x',
      signature: null,
    })
  })

  const withSessions = (count: number) => (xml: string) =>
    replaced(
      xml,
      /<samlp:SessionIndex>.*<\/samlp:SessionIndex>/,
      Array.from({ length: count }, (_, at) => `<samlp:SessionIndex>_${at}</samlp:SessionIndex>`).join(''),
    )
  it('names ten sessions at most', async () => {
    expect(await byForm(sign(withSessions(10)(REQUEST), '_logout', key))).toMatchObject({
      request: { sessionIndexes: Array.from({ length: 10 }, (_, at) => `_${at}`) },
    })
  })

  const edits: readonly (readonly [string, (xml: string) => string, Reason])[] = [
    ['another destination', (xml) => replaced(xml, SLO, 'https://evil.example/slo'), 'destination'],
    ['no destination', (xml) => replaced(xml, ` Destination="${SLO}"`, ''), 'destination'],
    ['another issuer', (xml) => replaced(xml, ENTITY, 'https://evil.example'), 'issuer'],
    ['another version', (xml) => replaced(xml, '2.0"', '1.1"'), 'not_a_logout_request'],
    ['no time', (xml) => replaced(xml, / IssueInstant="[^"]*"/, ''), 'not_yet'],
    [
      'a time without a zone',
      (xml) => replaced(xml, /IssueInstant="[^"]*"/, 'IssueInstant="2026-06-01T12:00:00"'),
      'not_yet',
    ],
    [
      'an end that is past',
      (xml) => replaced(xml, /NotOnOrAfter="[^"]*"/, `NotOnOrAfter="${iso(-MINUTE)}"`),
      'expired',
    ],
    ['an end that is no time', (xml) => replaced(xml, /NotOnOrAfter="[^"]*"/, 'NotOnOrAfter="x"'), 'expired'],
    ['no name', (xml) => replaced(xml, /<saml:NameID.*<\/saml:NameID>/, ''), 'name_id'],
    ['two names', (xml) => replaced(xml, /<saml:NameID.*<\/saml:NameID>/, (found) => found + found), 'name_id'],
    ['an encrypted name', (xml) => replaced(xml, /<saml:NameID.*<\/saml:NameID>/, '<saml:EncryptedID/>'), 'name_id'],
    ['an empty session index', (xml) => replaced(xml, '>_one<', '><'), 'session_index'],
    ['eleven session indexes', withSessions(11), 'session_index'],
    ['a session index with an element', (xml) => replaced(xml, '>_one<', '>_one<x/><'), 'session_index'],
    [
      'an assertion inside',
      (xml) =>
        replaced(xml, '<saml:NameID', (at) => `<samlp:Extensions><saml:Assertion ID="_a"/></samlp:Extensions>${at}`),
      'not_a_logout_request',
    ],
    [
      'a request inside',
      (xml) =>
        replaced(
          xml,
          '<saml:NameID',
          (at) => `<samlp:Extensions><samlp:LogoutRequest ID="_a" Version="2.0"/></samlp:Extensions>${at}`,
        ),
      'not_a_logout_request',
    ],
  ]
  it.each(edits)('is refused for %s', async (_name, edit, reason) => {
    expect(reasonOf(await byForm(sign(edit(REQUEST), '_logout', key)))).toBe(reason)
  })

  it('is good for five minutes, and a minute before', async () => {
    const xml = sign(replaced(REQUEST, / NotOnOrAfter="[^"]*"/, ''), '_logout', key)
    const outcomes = [-MINUTE - 1, -MINUTE, 5 * MINUTE - 1, 5 * MINUTE].map(async (later) =>
      reasonOf(await byForm(xml, NOW + later)),
    )
    expect(await Promise.all(outcomes)).toEqual(['not_yet', 'accepted', 'accepted', 'expired'])
  })

  /** Signed by the provider, with what every request has but a version. */
  const inner = () => sign(replaced(replaced(REQUEST, ' Version="2.0"', ''), '_logout', '_inner'), '_inner', key)
  const strange: readonly (readonly [string, () => string, Reason])[] = [
    ['without a signature', () => REQUEST, 'unsigned'],
    ['by a stranger', () => sign(REQUEST, '_logout', stranger), 'signature_value'],
    ['changed', () => replaced(sign(REQUEST, '_logout', key), 'ada@', 'root@'), 'digest'],
    [
      'with one session index less',
      () => replaced(sign(REQUEST, '_logout', key), '<samlp:SessionIndex>_one</samlp:SessionIndex>', ''),
      'digest',
    ],
    ['with SHA-1', () => sign(REQUEST, '_logout', key, { algorithm: 'rsa-sha1' } satisfies Signing), 'algorithm'],
    [
      'with a comment in its name',
      () => replaced(sign(REQUEST, '_logout', key), 'ada@', 'ada<!---->@'),
      'markup_declaration',
    ],
    [
      'as a signed assertion, wrapped',
      () =>
        replaced(
          REQUEST,
          '<saml:NameID',
          (at) => (/<saml:Assertion .*<\/saml:Assertion>/s.exec(sign(ANSWER, '_assertion', key))?.[0] ?? '') + at,
        ),
      'not_a_logout_request',
    ],
    ['as a signed answer', () => sign(ANSWER, '_response', key), 'not_a_logout_request'],
    ['as a signed response of logout', () => sign(RESPONSE, '_answer', key), 'not_a_logout_request'],
    [
      'around a signed one',
      () =>
        replaced(
          replaced(REQUEST, '_logout', '_outer'),
          '<saml:NameID',
          (at) => `<samlp:Extensions>${sign(REQUEST, '_logout', key)}</samlp:Extensions>${at}`,
        ),
      'not_a_logout_request',
    ],
    [
      'around a signed one without a version',
      () => replaced(REQUEST, '<saml:NameID', (at) => `<samlp:Extensions>${inner()}</samlp:Extensions>${at}`),
      'signature_place',
    ],
    [
      'with a signature that is not behind the issuer',
      () => {
        const signed = sign(REQUEST, '_logout', key)
        const found = /<ds:Signature .*<\/ds:Signature>/s.exec(signed)?.[0] ?? ''
        return replaced(
          signed.replace(found, () => ''),
          '</samlp:LogoutRequest>',
          (at) => found + at,
        )
      },
      'signature_place',
    ],
  ]
  it.each(strange)('is refused %s', async (_name, make, reason) => {
    expect(reasonOf(await byForm(make()))).toBe(reason)
  })
})

describe('a LogoutRequest by redirect', () => {
  it.each(['rsa-sha256', 'rsa-sha384', 'rsa-sha512', 'rsa-pss', 'ecdsa-sha256'] as const)(
    'is read when it is signed by %s',
    async (algorithm) => {
      const by = algorithm === 'ecdsa-sha256' ? p256 : key
      expect(await byQuery(await redirected(REQUEST, { algorithm, by, relayState: 'a b&c' }))).toEqual(proved(by))
    },
  )

  it('is read as it came: behind a question mark, beside parameters of others, in lower-case escapes', async () => {
    const query = await redirected(REQUEST)
    expect(await byQuery(`?${query}`)).toEqual(proved())
    expect(await byQuery(`utm=x&${query}&more`)).toEqual(proved())
    const bytes = await deflate(utf8(REQUEST))
    const escaped = (text: string) => encodeURIComponent(text).replace(/%[0-9A-F]{2}/g, (found) => found.toLowerCase())
    const signed = `SAMLRequest=${escaped(bytes.toBase64())}&SigAlg=${escaped(ALGORITHMS['rsa-sha256'].name)}`
    const signature = escaped(signBytes(signed, key, 'rsa-sha256').toBase64())
    expect(await byQuery(`${signed}&Signature=${signature}`)).toEqual(proved())
    expect(await byQuery(`Signature=${signature}&${signed}`)).toEqual(proved())
  })

  it('answers the relay state as it was meant', async () => {
    const opened = await openLogoutQuery(
      'LogoutRequest',
      (await redirected(REQUEST, { relayState: 'a b' })).replace('%20', '+'),
    )
    expect(opened).toMatchObject({ relayState: 'a b' })
  })

  const queries: readonly (readonly [string, (query: string) => string | Promise<string>, Reason])[] = [
    ['nothing', () => '', 'parameters'],
    ['no message', (query) => query.replace('SAMLRequest', 'Other'), 'parameters'],
    ['two messages', (query) => `${query}&${query.split('&')[0]}`, 'parameters'],
    [
      'a message under another spelling of its name',
      (query) => query.replace('SAMLRequest', 'SAML%52equest'),
      'parameters',
    ],
    ['a second message under another spelling', (query) => `${query}&SAML%52equest=x`, 'parameters'],
    ['a request and a response', (query) => `${query}&SAMLResponse=x`, 'parameters'],
    ['two relay states', (query) => `${query}&RelayState=a&RelayState=b`, 'parameters'],
    ['two signatures', (query) => `${query}&Signature=AAAA`, 'parameters'],
    ['two algorithms', (query) => `${query}&SigAlg=x`, 'parameters'],
    ['another encoding by name', (query) => `${query}&SAMLEncoding=urn%3Ax`, 'parameters'],
    ['an escape that is none', (query) => query.replace('SAMLRequest=', 'SAMLRequest=%zz'), 'parameters'],
    ['no signature', (query) => query.replace(/&Signature=.*/, ''), 'unsigned'],
    ['no algorithm', (query) => query.replace(/&SigAlg=[^&]*/, ''), 'unsigned'],
    ['an empty signature', (query) => query.replace(/Signature=.*/, 'Signature='), 'not_base64'],
    ['another algorithm by name', (query) => query.replace('rsa-sha256', 'rsa-sha512'), 'signature_value'],
    ['SHA-1', () => redirected(REQUEST, { algorithm: 'rsa-sha1' }), 'algorithm'],
    ['a stranger', () => redirected(REQUEST, { by: stranger }), 'signature_value'],
    ['a relay state that was added', (query) => query.replace('&SigAlg', '&RelayState=x&SigAlg'), 'signature_value'],
    [
      'a relay state that was taken away',
      async () => (await redirected(REQUEST, { relayState: 'x' })).replace('&RelayState=x', ''),
      'signature_value',
    ],
    [
      'a message in another encoding of the same bytes',
      (query) => query.replace(/%3D|%2B|%2F/, (found) => found.toLowerCase()),
      'signature_value',
    ],
    [
      'a character in another encoding',
      (query) => query.replace(/SAMLRequest=./, (found) => `SAMLRequest=%${found.charCodeAt(12).toString(16)}`),
      'signature_value',
    ],
    [
      'the signature of another message',
      async (query) =>
        query.replace(/SAMLRequest=[^&]*/, (await redirected(REQUEST.replace('ada@', 'root@'))).split('&')[0] ?? ''),
      'signature_value',
    ],
    ['XML that is not deflated', () => redirected(utf8(REQUEST)), 'not_deflate'],
    ['a stream that is cut', async () => redirected((await deflate(utf8(REQUEST))).slice(0, -10)), 'not_deflate'],
    ['a bomb', async () => redirected(await deflate(new Uint8Array(16 * 1024 * 1024))), 'too_large'],
    ['one byte more than 64 KiB', async () => redirected(REQUEST.padEnd(64 * 1024 + 1)), 'too_large'],
    ['a document type', () => redirected(`<!DOCTYPE x>${REQUEST}`), 'markup_declaration'],
    ['a signature inside', () => redirected(sign(REQUEST, '_logout', key)), 'signature_place'],
    ['no ID', () => redirected(REQUEST.replace(' ID="_logout"', '')), 'message_id'],
    ['an assertion', () => redirected(ANSWER), 'not_a_logout_request'],
  ]
  it.each(queries)('is refused for %s', async (_name, edit, reason) => {
    const query = await redirected(REQUEST)
    const edited = await edit(query)
    expect(edited).not.toBe(query)
    expect(reasonOf(await byQuery(edited))).toBe(reason)
  })

  it('of exactly 64 KiB is read', async () => {
    expect(await byQuery(await redirected(REQUEST.padEnd(64 * 1024)))).toEqual(proved())
  })
})

describe('a LogoutResponse', () => {
  const read = async (xml: string, requestId = '_ours') => {
    const opened = await openLogoutQuery('LogoutResponse', await redirected(xml, { parameter: 'SAMLResponse' }))
    return 'refused' in opened ? opened : readLogoutResponse(opened, { ...expected(), requestId })
  }
  const second = (status: string) => (xml: string) =>
    replaced(
      xml,
      'Success"/>',
      `Success"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${status}"/></samlp:StatusCode>`,
    )

  it('says whether all sessions ended', async () => {
    expect(await read(RESPONSE)).toEqual({ isComplete: true })
    expect(await read(second('PartialLogout')(RESPONSE))).toEqual({ isComplete: false })
    expect(await read(replaced(RESPONSE, 'Success', 'Responder'))).toEqual({ isComplete: false })
  })

  it('is read by POST too', async () => {
    const opened = await openLogoutForm('LogoutResponse', encode(sign(RESPONSE, '_answer', key)), null)
    expect('refused' in opened ? opened : readLogoutResponse(opened, { ...expected(), requestId: '_ours' })).toEqual({
      isComplete: true,
    })
  })

  it.each([
    ['the answer to another request', RESPONSE, '_other', 'in_response_to'],
    ['an answer to nothing', replaced(RESPONSE, ' InResponseTo="_ours"', ''), '_ours', 'in_response_to'],
    ['no status', replaced(RESPONSE, /<samlp:Status>.*<\/samlp:Status>/, ''), '_ours', 'status'],
    ['another issuer', replaced(RESPONSE, ENTITY, 'https://evil.example'), '_ours', 'issuer'],
    ['a request', REQUEST, '_ours', 'not_a_logout_response'],
  ] as const)('is refused for %s', async (_name, xml, requestId, reason) => {
    expect(reasonOf(await read(xml, requestId))).toBe(reason)
  })
})
