import { ANSWER, replaced } from '../documents.ts'
import { ASSERTION, DSIG, forged, inForged, part, SIGNATURE } from './parts.ts'

/** An honest assertion is hidden where nobody reads it, and a forged one stands where it was. */
export const wrapAssertion = (honest: string): Readonly<Record<string, string>> => ({
  'before the honest one': forged() + honest,
  'behind the honest one': honest + forged(),
  'with the ID of the honest one': forged('_assertion') + honest,
  'around the honest one in Advice': inForged(
    '<saml:AuthnStatement',
    (at) => `<saml:Advice>${honest}</saml:Advice>${at}`,
  ),
  'around the honest one in its subject': inForged('</saml:Subject>', (at) => honest + at),
  'around the honest one in a value': inForged('>staff<', () => `>${honest}<`),
  'around the honest one, under its ID': inForged('>staff<', () => `>${honest}<`, '_assertion'),
  'around the honest one in an Object of a signature': inForged(
    '</saml:Issuer>',
    (at) => `${at}<ds:Signature xmlns:ds="${DSIG}"><ds:Object>${honest}</ds:Object></ds:Signature>`,
  ),
  'around the honest one in confirmation data': inForged(
    /<saml:SubjectConfirmationData ([^>]*)\/>/,
    (at) => `${at.slice(0, -2)}>${honest}</saml:SubjectConfirmationData>`,
  ),
  'inside the honest one': replaced(honest, '</saml:Assertion>', (at) => forged() + at),
  'inside a value of the honest one': replaced(honest, '>staff<', () => `>${forged()}<`),
})

/** Where else in a response the honest assertion can be hidden. */
export const hidePlaces: Readonly<Record<string, (xml: string, honest: string) => string>> = {
  'in Extensions': (xml, honest) =>
    replaced(xml, '<samlp:Status>', (at) => `<samlp:Extensions>${honest}</samlp:Extensions>${at}`),
  'in StatusDetail': (xml, honest) =>
    replaced(xml, '</samlp:Status>', (at) => `<samlp:StatusDetail>${honest}</samlp:StatusDetail>${at}`),
  'in the issuer': (xml, honest) => replaced(xml, '</saml:Issuer>', (at) => honest + at),
  'in an Object before the status': (xml, honest) =>
    replaced(xml, '<samlp:Status>', (at) => `<ds:Object xmlns:ds="${DSIG}">${honest}</ds:Object>${at}`),
  'in an element of no namespace': (xml, honest) => replaced(xml, '<samlp:Status>', (at) => `<x>${honest}</x>${at}`),
  'as an encrypted assertion beside it': (xml) =>
    replaced(xml, '</samlp:Response>', (at) => `<saml:EncryptedAssertion/>${at}`),
}

/** An honest response is hidden in a forged one. */
export const wrapResponse = (honest: string): Readonly<Record<string, string>> => {
  const outer = replaced(replaced(ANSWER, ASSERTION, forged()), 'ID="_response"', 'ID="_outer"')
  const sameId = replaced(ANSWER, ASSERTION, forged())
  return {
    'in Extensions': replaced(outer, '<samlp:Status>', (at) => `<samlp:Extensions>${honest}</samlp:Extensions>${at}`),
    'under its own ID': replaced(
      sameId,
      '<samlp:Status>',
      (at) => `<samlp:Extensions>${honest}</samlp:Extensions>${at}`,
    ),
    'in an Object of its signature': replaced(
      outer,
      '</saml:Issuer>',
      (at) =>
        at + replaced(part(honest, SIGNATURE), '</ds:Signature>', (end) => `<ds:Object>${honest}</ds:Object>${end}`),
    ),
    'as the root of a root': `<x>${honest}</x>`,
  }
}
