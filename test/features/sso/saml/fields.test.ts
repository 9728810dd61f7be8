import { describe, expect, it } from 'vitest'
import { openAnswer, readAnswer } from '../../../../src/features/sso/saml/read-answer.ts'
import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import {
  ACS,
  ANSWER,
  AUDIENCE,
  ENTITY,
  encode,
  expected,
  NAME,
  replaced,
  SHAPES,
  type Shape,
} from '../../../support/saml/documents.ts'
import { makeKey, NOW } from '../../../support/saml/keys.ts'

const key = makeKey()
const SECOND = 1000
const MINUTE = 60 * SECOND

const read = async (xml: string, more: Parameters<typeof expected>[1] = {}) => {
  const opened = await openAnswer(encode(xml))
  return 'refused' in opened ? opened : readAnswer(opened, expected(key, more))
}
const outcomeOf = async (xml: string, more: Parameters<typeof expected>[1] = {}) => {
  const answer = await read(xml, more)
  return 'refused' in answer ? answer.refused : 'accepted'
}

const twice = (found: string) => found + found
const CONDITIONS = /<saml:Conditions .*?<\/saml:Conditions>/s
const RESTRICTION = /<saml:AudienceRestriction>.*?<\/saml:AudienceRestriction>/s
const SUBJECT = /<saml:Subject>.*?<\/saml:Subject>/s
const NAME_ID = /<saml:NameID .*?<\/saml:NameID>/s
const CONFIRMATION = /<saml:SubjectConfirmation .*?<\/saml:SubjectConfirmation>/s
const DATA = /<saml:SubjectConfirmationData [^>]*\/>/
const AUTHN = /<saml:AuthnStatement .*?<\/saml:AuthnStatement>/s
const ISSUER = `<saml:Issuer>${ENTITY}</saml:Issuer>`
/** Changes the assertion alone: the part behind its start. */
const inAssertion = (pattern: string | RegExp, by: string | ((found: string) => string)) => (xml: string) => {
  const at = xml.indexOf('<saml:Assertion ')
  return xml.slice(0, at) + replaced(xml.slice(at), pattern, by)
}
const everywhere = (pattern: string | RegExp, by: string | ((found: string) => string)) => (xml: string) =>
  replaced(xml, pattern, by)
const named = (text: string) => everywhere(`>${NAME}</saml:NameID>`, `>${text}</saml:NameID>`)

type Row = readonly [name: string, edit: (xml: string) => string, reason: Reason]

const rows: readonly Row[] = [
  ['status: wrong', everywhere('status:Success', 'status:Requester'), 'status'],
  ['status: begins with success', everywhere('status:Success', 'status:SuccessNot'), 'status'],
  ['status: missing', everywhere(/<samlp:Status>.*<\/samlp:Status>/, ''), 'status'],
  ['status: doubled', everywhere(/<samlp:Status>.*<\/samlp:Status>/, twice), 'status'],
  ['status: no code', everywhere(/<samlp:StatusCode [^>]*>/, ''), 'status'],
  ['status: two codes', everywhere(/<samlp:StatusCode [^>]*>/, twice), 'status'],
  ['status: no value', everywhere(/<samlp:StatusCode [^>]*>/, '<samlp:StatusCode/>'), 'status'],
  ['status: of another namespace', everywhere(/<samlp:StatusCode /, '<saml:StatusCode '), 'status'],
  ['version of the assertion: wrong', inAssertion('Version="2.0"', 'Version="1.1"'), 'version'],
  ['version of the assertion: missing', inAssertion(' Version="2.0"', ''), 'version'],
  ['issuer of the assertion: wrong', inAssertion(ISSUER, '<saml:Issuer>https://evil.example</saml:Issuer>'), 'issuer'],
  ['issuer of the assertion: longer', inAssertion(ISSUER, `<saml:Issuer>${ENTITY}/x</saml:Issuer>`), 'issuer'],
  [
    'issuer of the assertion: in another case',
    inAssertion(ISSUER, `<saml:Issuer>${ENTITY.toUpperCase()}</saml:Issuer>`),
    'issuer',
  ],
  ['issuer of the assertion: with a space', inAssertion(ISSUER, `<saml:Issuer>${ENTITY} </saml:Issuer>`), 'issuer'],
  [
    'issuer of the assertion: with an element',
    inAssertion(ISSUER, `<saml:Issuer>${ENTITY}<x/></saml:Issuer>`),
    'issuer',
  ],
  ['issuer of the assertion: doubled', inAssertion(ISSUER, twice), 'issuer'],
  ['issuer of the response: wrong', everywhere(ISSUER, '<saml:Issuer>https://evil.example</saml:Issuer>'), 'issuer'],
  ['issuer of the response: doubled', everywhere(ISSUER, twice), 'issuer'],
  ['issuer of the response: empty', everywhere(ISSUER, '<saml:Issuer></saml:Issuer>'), 'issuer'],
  ['conditions: missing', everywhere(CONDITIONS, ''), 'conditions'],
  ['conditions: doubled', everywhere(CONDITIONS, twice), 'conditions'],
  ['conditions: of another namespace', everywhere(/saml:Conditions/g, 'samlp:Conditions'), 'conditions'],
  [
    'conditions: one that is unknown',
    everywhere('<saml:AudienceRestriction>', (at) => `<saml:Condition/>${at}`),
    'conditions',
  ],
  [
    'conditions: one of another namespace',
    everywhere('<saml:AudienceRestriction>', (at) => `<OneTimeUse/>${at}`),
    'conditions',
  ],
  [
    'end of conditions: missing',
    everywhere(/(<saml:Conditions [^>]*) NotOnOrAfter="[^"]*"/, (found) => found.replace(/ NotOnOrAfter.*/, '')),
    'expired',
  ],
  ['audience: wrong', everywhere(AUDIENCE, 'https://auth.example/api/v1/sso/metadata/other'), 'audience'],
  ['audience: longer', everywhere(AUDIENCE, `${AUDIENCE}2`), 'audience'],
  ['audience: a part', everywhere(AUDIENCE, AUDIENCE.slice(0, -1)), 'audience'],
  ['audience: empty', everywhere(AUDIENCE, ''), 'audience'],
  ['audience: with an element', everywhere(AUDIENCE, `${AUDIENCE}<x/>`), 'audience'],
  ['audience: none', everywhere(/<saml:Audience>.*<\/saml:Audience>/, ''), 'audience'],
  ['audience restriction: missing', everywhere(RESTRICTION, ''), 'audience'],
  [
    'audience restriction: a second one for another',
    everywhere(RESTRICTION, (found) => found + found.replace(AUDIENCE, 'https://other.example')),
    'audience',
  ],
  [
    'audience restriction: outside the conditions',
    everywhere(/(<saml:AudienceRestriction>.*<\/saml:AudienceRestriction>)<\/saml:Conditions>/, (found) => {
      const end = '</saml:Conditions>'
      return end + found.slice(0, -end.length)
    }),
    'audience',
  ],
  ['subject: missing', everywhere(SUBJECT, ''), 'subject_confirmation'],
  ['subject: doubled', everywhere(SUBJECT, twice), 'subject_confirmation'],
  ['confirmation: missing', everywhere(CONFIRMATION, ''), 'subject_confirmation'],
  ['confirmation: doubled', everywhere(CONFIRMATION, twice), 'subject_confirmation'],
  ['confirmation: by a key', everywhere('cm:bearer', 'cm:holder-of-key'), 'subject_confirmation'],
  ['confirmation: by nothing', everywhere(/ Method="[^"]*"/, ''), 'subject_confirmation'],
  ['confirmation data: missing', everywhere(DATA, ''), 'subject_confirmation'],
  ['confirmation data: doubled', everywhere(DATA, twice), 'subject_confirmation'],
  [
    'recipient: wrong',
    everywhere(`Recipient="${ACS}"`, 'Recipient="https://other.example/acs"'),
    'subject_confirmation',
  ],
  ['recipient: longer', everywhere(`Recipient="${ACS}"`, `Recipient="${ACS}/"`), 'subject_confirmation'],
  ['recipient: missing', everywhere(` Recipient="${ACS}"`, ''), 'subject_confirmation'],
  ['recipient: under a prefix', everywhere('Recipient=', 'saml:Recipient='), 'subject_confirmation'],
  [
    'request of the confirmation: wrong',
    inAssertion('InResponseTo="_request"', 'InResponseTo="_other"'),
    'subject_confirmation',
  ],
  ['request of the confirmation: missing', inAssertion(' InResponseTo="_request"', ''), 'subject_confirmation'],
  [
    'start of the confirmation: present',
    everywhere('<saml:SubjectConfirmationData ', '<saml:SubjectConfirmationData NotBefore="2020-01-01T00:00:00Z" '),
    'subject_confirmation',
  ],
  ['end of the confirmation: missing', inAssertion(/ NotOnOrAfter="[^"]*"\/>/, '/>'), 'subject_confirmation'],
  ['name: missing', everywhere(NAME_ID, ''), 'name_id'],
  ['name: doubled', everywhere(NAME_ID, twice), 'name_id'],
  ['name: a second one', everywhere(NAME_ID, (found) => found + found.replace(NAME, 'root@acme.example')), 'name_id'],
  ['name: empty', named(''), 'name_id'],
  ['name: a space', named(' '), 'name_id'],
  ['name: a space behind', named(`${NAME} `), 'name_id'],
  ['name: a line before', named(`\n${NAME}`), 'name_id'],
  ['name: two lines', named(`${NAME}\nroot`), 'name_id'],
  ['name: a return', named(`${NAME}&#13;root`), 'name_id'],
  ['name: a tab', named(`${NAME}&#9;root`), 'name_id'],
  ['name: an element', named(`${NAME}<x/>`), 'name_id'],
  ['name: an element with the rest', named('ada@acme.example<x>.evil</x>'), 'name_id'],
  ['name: too long', named('x'.repeat(1025)), 'name_id'],
  ['name: encrypted', everywhere(NAME_ID, '<saml:EncryptedID/>'), 'name_id'],
  ['name: encrypted beside', everywhere(NAME_ID, (found) => `${found}<saml:EncryptedID/>`), 'name_id'],
  ['name: a base beside', everywhere(NAME_ID, (found) => `${found}<saml:BaseID/>`), 'name_id'],
  ['name: of another namespace', everywhere(/saml:NameID/g, 'samlp:NameID'), 'name_id'],
  ['authentication: missing', everywhere(AUTHN, ''), 'authn_statement'],
  ['authentication: doubled', everywhere(AUTHN, twice), 'authn_statement'],
  [
    'end of the session: past',
    everywhere(/SessionNotOnOrAfter="[^"]*"/, 'SessionNotOnOrAfter="2026-06-01T12:00:00Z"'),
    'session_expired',
  ],
  [
    'end of the session: no time',
    everywhere(/SessionNotOnOrAfter="[^"]*"/, 'SessionNotOnOrAfter="never"'),
    'session_expired',
  ],
]

const GOOD_ENOUGH: Readonly<Record<string, (xml: string) => string>> = {
  'no session index': everywhere(' SessionIndex="_session"', ''),
  'no end of the session': everywhere(/ SessionNotOnOrAfter="[^"]*"/, ''),
  'no class of authentication': everywhere(/<saml:AuthnContextClassRef>.*<\/saml:AuthnContextClassRef>/, ''),
  'no attributes': everywhere(/<saml:AttributeStatement>.*<\/saml:AttributeStatement>/s, ''),
  'no format of the name': everywhere(/ Format="[^"]*"/, ''),
  'two restrictions, both for us': everywhere(RESTRICTION, twice),
  'the longest name': named('x'.repeat(1024)),
}

describe('fields that are signed, but wrong', () => {
  it.each(rows)('refuses %s', async (_name, edit, reason) => {
    const outcomes = await Promise.all(
      (Object.keys(SHAPES) as Shape[]).map((shape) => outcomeOf(SHAPES[shape](edit(ANSWER), key))),
    )
    expect(outcomes).toEqual([reason, reason, reason])
  })

  it.each(Object.keys(GOOD_ENOUGH))('accepts %s', async (name) => {
    expect(await outcomeOf(SHAPES.both(GOOD_ENOUGH[name]?.(ANSWER) ?? '', key))).toBe('accepted')
  })
})

describe('what belongs to the caller', () => {
  it.each([
    [{ entityId: 'https://other.example' }, 'issuer'],
    [{ audience: 'https://other.example' }, 'audience'],
    [{ acsUrl: 'https://other.example' }, 'destination'],
    [{ requestId: '_other' }, 'in_response_to'],
  ] as const)('refuses an answer when %j was expected: %s', async (more, reason) => {
    expect(await outcomeOf(SHAPES.both(ANSWER, key), more)).toBe(reason)
  })
})

/** Both at once would hide which of them refuses. */
const withTimes = (times: Readonly<Record<string, string>>) =>
  SHAPES.assertion(
    Object.entries(times).reduce((xml, [name, time]) => {
      const pattern = {
        notBefore: /NotBefore="[^"]*"/,
        end: /(?<=Conditions [^>]*)NotOnOrAfter="[^"]*"/,
        confirmation: /(?<=Data [^>]*)NotOnOrAfter="[^"]*"/,
        session: /SessionNotOnOrAfter="[^"]*"/,
      }[name]
      return pattern ? replaced(xml, pattern, (found) => found.replace(/"[^"]*"/, `"${time}"`)) : xml
    }, ANSWER),
    key,
  )
const iso = (ms: number) => new Date(NOW + ms).toISOString()

describe('times', () => {
  const borders: readonly (readonly [Readonly<Record<string, string>>, Reason | 'accepted'])[] = [
    [{ notBefore: iso(MINUTE) }, 'accepted'],
    [{ notBefore: iso(MINUTE + 1) }, 'not_yet'],
    [{ end: iso(-MINUTE + 1) }, 'accepted'],
    [{ end: iso(-MINUTE) }, 'expired'],
    [{ confirmation: iso(-MINUTE + 1) }, 'accepted'],
    [{ confirmation: iso(-MINUTE) }, 'subject_confirmation'],
    [{ session: iso(1) }, 'accepted'],
    [{ session: iso(0) }, 'session_expired'],
    [{ end: '2026-06-01T14:00:00+02:00' }, 'accepted'],
    [{ end: '2026-06-01T13:58:59+02:00' }, 'expired'],
    [{ end: '2026-06-01T07:00:00.123456789-05:00' }, 'accepted'],
    [{ end: '2026-06-01T12:30:00' }, 'expired'],
    [{ end: '2026-06-01' }, 'expired'],
    [{ end: '2026-06-01T12:30Z' }, 'expired'],
    [{ end: '2026-06-01 12:30:00Z' }, 'expired'],
    [{ end: '2026-06-01T12:30:00z' }, 'expired'],
    [{ end: ' 2026-06-01T12:30:00Z' }, 'expired'],
    [{ end: '2026-13-01T12:30:00Z' }, 'expired'],
    [{ end: '+012026-06-01T12:30:00Z' }, 'expired'],
    [{ end: '1780316200000' }, 'expired'],
    [{ end: '' }, 'expired'],
    [{ notBefore: '' }, 'not_yet'],
    [{ notBefore: '2026-06-01T11:00:00' }, 'not_yet'],
    [{ confirmation: 'tomorrow' }, 'subject_confirmation'],
  ]
  it.each(borders)('with %j: %s', async (times, outcome) => {
    expect(await outcomeOf(withTimes(times))).toBe(outcome)
  })
})

describe('rule 1', () => {
  const good = encode(SHAPES.assertion(ANSWER, key))
  const bytes = (...parts: number[]) => Uint8Array.from(parts).toBase64()
  it.each([
    ['nothing', '', 'not_base64'],
    ['a space', ` ${good}`, 'not_base64'],
    ['a line break', `${good.slice(0, 76)}\n${good.slice(76)}`, 'not_base64'],
    ['base64url', good.replace(/[+/]/, '-').replace(/.$/, '_'), 'not_base64'],
    ['bits beyond the end', 'PA=='.replace('A', 'B'), 'not_base64'],
    ['padding that is missing', 'PGE', 'not_base64'],
    ['padding in the middle', `PA==${good}`, 'not_base64'],
    ['XML itself', ANSWER, 'not_base64'],
    ['too much', 'A'.repeat(180_000), 'too_large'],
    ['a byte that is not UTF-8', bytes(0x3c, 0xff, 0x3e), 'not_utf8'],
    ['an overlong encoding', bytes(0xc0, 0xbc), 'not_utf8'],
    ['half a character', bytes(0xed, 0xa0, 0x80), 'not_utf8'],
    ['UTF-16 with its mark', bytes(0xff, 0xfe, 0x3c, 0x00), 'not_utf8'],
    ['UTF-16 without its mark', bytes(0x3c, 0x00, 0x61, 0x00), 'character'],
    ['UTF-32', bytes(0x00, 0x00, 0x00, 0x3c), 'character'],
    ['DEFLATE', bytes(0x4b, 0x4c, 0x04, 0x00), 'character'],
  ] as const)('refuses %s: %s', async (_name, value, reason) => {
    expect(await openAnswer(value)).toEqual({ refused: reason })
  })
})
