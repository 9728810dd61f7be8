import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { NAME, replaced } from '../documents.ts'
import { ASSERTION, type Edit, part, SIGNATURE, VICTIM } from './parts.ts'

/** Changes of what every signature covers. */
export const CHANGES: Readonly<Record<string, Edit>> = {
  'another name': (xml) => replaced(xml, `>${NAME}</saml:NameID>`, `>${VICTIM}</saml:NameID>`),
  'another value': (xml) => replaced(xml, '>staff<', '>owners<'),
  'one attribute more': (xml) =>
    replaced(
      xml,
      '</saml:AttributeStatement>',
      (at) => `<saml:Attribute Name="role"><saml:AttributeValue>owner</saml:AttributeValue></saml:Attribute>${at}`,
    ),
  'one attribute less': (xml) => replaced(xml, /<saml:Attribute Name="email">.*?<\/saml:Attribute>/, ''),
  'one space more': (xml) => replaced(xml, '<saml:Subject>', (at) => ` ${at}`),
  'a prefix that means something else': (xml) =>
    replaced(xml, 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', 'xmlns:xsi="urn:evil"'),
  'a prefix of another name': (xml) => replaced(xml, /xsi:type/, 'yyy:type').replace('xmlns:xsi', 'xmlns:yyy'),
  'a later end': (xml) => replaced(xml, /NotOnOrAfter="2026/g, 'NotOnOrAfter="2036'),
  'another audience': (xml) => replaced(xml, '<saml:Audience>', '<saml:Audience>x'),
  'another namespace at an element': (xml) =>
    replaced(xml, '<saml:AuthnContext>', '<saml:AuthnContext xmlns:saml="urn:evil">'),
}

/** Changes of the response alone, and what refuses them where only the assertion is signed. */
export const CHANGES_AROUND: Readonly<Record<string, readonly [Edit, Reason]>> = {
  'another status': [(xml) => replaced(xml, 'status:Success', 'status:Responder'), 'status'],
  'another issuer of the response': [
    (xml) => replaced(xml, '<saml:Issuer>', '<saml:Issuer>https://evil.example/'),
    'issuer',
  ],
}

/** Where a signature of the right form stands in a wrong place. */
export const PLACES: Readonly<Record<string, Edit>> = {
  'before the issuer': (xml) => {
    const signature = part(xml, SIGNATURE)
    const without = xml.replace(signature, () => '')
    const at = without.lastIndexOf('<saml:Issuer>', xml.indexOf(signature))
    return without.slice(0, at) + signature + without.slice(at)
  },
  'at the end of the response': (xml) => {
    const signature = part(xml, SIGNATURE)
    return replaced(
      xml.replace(signature, () => ''),
      '</samlp:Response>',
      (at) => signature + at,
    )
  },
  'at the end of the assertion': (xml) => {
    const signature = part(xml, SIGNATURE)
    return replaced(
      xml.replace(signature, () => ''),
      '</saml:Assertion>',
      (at) => signature + at,
    )
  },
  'in the subject': (xml) => {
    const signature = part(xml, SIGNATURE)
    return replaced(
      xml.replace(signature, () => ''),
      '<saml:Subject>',
      (at) => at + signature,
    )
  },
  'in the status': (xml) => {
    const signature = part(xml, SIGNATURE)
    return replaced(
      xml.replace(signature, () => ''),
      '<samlp:Status>',
      (at) => at + signature,
    )
  },
  'in Extensions': (xml) => {
    const signature = part(xml, SIGNATURE)
    return replaced(
      xml.replace(signature, () => ''),
      '<samlp:Status>',
      (at) => `<samlp:Extensions>${signature}</samlp:Extensions>${at}`,
    )
  },
  'twice, one behind the other': (xml) => replaced(xml, SIGNATURE, (found) => found + found),
  'in a signature': (xml) => replaced(xml, '</ds:KeyInfo>', (at) => part(xml, SIGNATURE) + at),
}

/** What a reader could take for an ID. */
export const IDS: Readonly<Record<string, Edit>> = {
  'one ID twice': (xml) => replaced(xml, 'ID="_assertion"', 'ID="_response"'),
  'an Id beside': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status Id="_assertion">'),
  'an id beside': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status id="_x">'),
  'an ID under a prefix': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status saml:ID="_x">'),
  'an ID of XML': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xml:id="_x">'),
  'an ID as a prefix': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlns:ID="urn:x">'),
  'an empty ID': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status ID="">'),
  'an ID with a space': (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status ID="a b">'),
  'an ID with a quote': (xml) => replaced(xml, '<samlp:Status>', `<samlp:Status ID="a'b">`),
  'the ID of the assertion at its subject': (xml) => replaced(xml, '<saml:Subject>', '<saml:Subject ID="_assertion">'),
  'the ID of the assertion at a key': (xml) => replaced(xml, '<ds:KeyInfo>', '<ds:KeyInfo Id="_assertion">'),
}

export const ROOTS: Readonly<Record<string, readonly [Edit, Reason]>> = {
  'no response': [
    (xml) =>
      part(xml, ASSERTION).replace(
        '<saml:Assertion',
        '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
      ),
    'not_a_response',
  ],
  'a request': [(xml) => xml.replaceAll('samlp:Response', 'samlp:LogoutRequest'), 'not_a_response'],
  'a response of another namespace': [
    (xml) =>
      replaced(
        xml,
        'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"',
        'xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"',
      ),
    'not_a_response',
  ],
  'a response of another version': [(xml) => replaced(xml, 'Version="2.0"', 'Version="1.1"'), 'not_a_response'],
  'a response without a version': [(xml) => replaced(xml, ' Version="2.0"', ''), 'not_a_response'],
  'no assertion': [(xml) => replaced(xml, ASSERTION, ''), 'not_one_assertion'],
  'no assertion and no success': [
    (xml) => replaced(replaced(xml, ASSERTION, ''), 'status:Success', 'status:AuthnFailed'),
    'status',
  ],
  'an assertion of another namespace': [
    (xml) => replaced(xml, '<saml:Assertion ', '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" '),
    'not_one_assertion',
  ],
  'an assertion one level down': [(xml) => replaced(xml, ASSERTION, (found) => `<x>${found}</x>`), 'not_one_assertion'],
  'another destination': [
    (xml) => replaced(xml, 'Destination="https://auth.example', 'Destination="https://evil.example'),
    'destination',
  ],
  'no destination': [(xml) => replaced(xml, / Destination="[^"]*"/, ''), 'destination'],
  'another request': [(xml) => replaced(xml, 'InResponseTo="_request"', 'InResponseTo="_other"'), 'in_response_to'],
  'no request': [(xml) => replaced(xml, / InResponseTo="_request"/, ''), 'in_response_to'],
}
