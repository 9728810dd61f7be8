import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { replaced, type Signing } from '../documents.ts'
import { C14N, DSIG } from './parts.ts'

/** Signatures by the right key, of a form that is not the one. */
export const FORMS: Readonly<Record<string, readonly [Signing, Reason]>> = (() => {
  const info = (pattern: string | RegExp, by: string | ((found: string) => string)): Signing => ({
    editInfo: (text) => replaced(text, pattern, by),
  })
  const value = (pattern: string | RegExp, by: string | ((found: string) => string)): Signing => ({
    editSignature: (text) => replaced(text, pattern, by),
  })
  const ENVELOPED = `<ds:Transform Algorithm="${DSIG}enveloped-signature"/>`
  const EXCLUSIVE = `<ds:Transform Algorithm="${C14N}"></ds:Transform>`
  const INCLUSIVE = 'http://www.w3.org/TR/2001/REC-xml-c14n-20010315'
  const method = `<ds:CanonicalizationMethod Algorithm="${C14N}"/>`
  const uri = /URI="#\w+"/
  return {
    'a signature by RSA-SHA1': [{ algorithm: 'rsa-sha1' }, 'algorithm'],
    'a digest by SHA-1': [{ digest: 'sha1' }, 'algorithm'],
    'a digest by MD5': [
      info('http://www.w3.org/2001/04/xmlenc#sha256', 'http://www.w3.org/2001/04/xmldsig-more#md5'),
      'algorithm',
    ],
    'a digest without a name': [info(/<ds:DigestMethod [^>]*>/, '<ds:DigestMethod/>'), 'algorithm'],
    'HMAC with the certificate': [
      info('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256'),
      'algorithm',
    ],
    'HMAC-SHA1': [info('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', `${DSIG}hmac-sha1`), 'algorithm'],
    DSA: [info('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', `${DSIG}dsa-sha1`), 'algorithm'],
    'the name of a property of every object': [
      info('http://www.w3.org/2001/04/xmldsig-more#rsa-sha256', 'constructor'),
      'algorithm',
    ],
    'a truncated HMAC': [
      info(
        /<ds:SignatureMethod ([^>]*)\/>/,
        (at) => `${at.slice(0, -2)}><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>`,
      ),
      'signature_form',
    ],
    'SHA-512 with ECDSA': [info('xmldsig-more#rsa-sha256', 'xmldsig-more#ecdsa-sha512'), 'algorithm'],
    'ECDSA by name and RSA by key': [info('xmldsig-more#rsa-sha256', 'xmldsig-more#ecdsa-sha256'), 'signature_value'],
    'SHA-384 by name and SHA-256 in fact': [
      info('xmldsig-more#rsa-sha256', 'xmldsig-more#rsa-sha384'),
      'signature_value',
    ],
    'PSS by name and PKCS #1 in fact': [
      info(
        'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
        'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
      ),
      'signature_value',
    ],
    'SignedInfo by inclusive canonicalization': [
      info(method, `<ds:CanonicalizationMethod Algorithm="${INCLUSIVE}"/>`),
      'signature_form',
    ],
    'SignedInfo with comments': [
      info(method, `<ds:CanonicalizationMethod Algorithm="${C14N}WithComments"/>`),
      'signature_form',
    ],
    'SignedInfo with a list of prefixes': [
      info(
        method,
        `<ds:CanonicalizationMethod Algorithm="${C14N}"><ec:InclusiveNamespaces xmlns:ec="${C14N}" PrefixList="ds"/></ds:CanonicalizationMethod>`,
      ),
      'signature_form',
    ],
    'no canonicalization of SignedInfo': [info(method, ''), 'signature_form'],
    'two canonicalizations of SignedInfo': [info(method, method + method), 'signature_form'],
    'two references': [info(/<ds:Reference .*<\/ds:Reference>/, (at) => at + at), 'signature_form'],
    'no reference': [info(/<ds:Reference .*<\/ds:Reference>/, ''), 'signature_form'],
    'a reference to the whole document': [info(uri, 'URI=""'), 'reference_target'],
    'a reference to no ID': [info(uri, 'URI="#"'), 'reference_target'],
    'a reference without an address': [info(uri, ''), 'reference_target'],
    'a reference to another element': [info(uri, 'URI="#_other"'), 'reference_target'],
    'a reference by XPointer': [info(uri, `URI="#xpointer(id('_assertion'))"`), 'reference_target'],
    'a reference to another server': [info(uri, 'URI="https://evil.example/x.xml"'), 'reference_target'],
    'a reference with a quote': [info(uri, `URI="#x' or '1'='1"`), 'reference_target'],
    'no transforms': [info(/<ds:Transforms>.*<\/ds:Transforms>/, ''), 'signature_form'],
    'empty transforms': [info(/<ds:Transforms>.*<\/ds:Transforms>/, '<ds:Transforms/>'), 'transforms'],
    'transforms in the other order': [info(ENVELOPED + EXCLUSIVE, EXCLUSIVE + ENVELOPED), 'transforms'],
    'one transform': [info(EXCLUSIVE, ''), 'transforms'],
    'three transforms': [info(EXCLUSIVE, EXCLUSIVE + EXCLUSIVE), 'transforms'],
    'inclusive canonicalization': [info(EXCLUSIVE, `<ds:Transform Algorithm="${INCLUSIVE}"/>`), 'transforms'],
    'canonicalization with comments': [
      info(EXCLUSIVE, `<ds:Transform Algorithm="${C14N}WithComments"/>`),
      'transforms',
    ],
    'a transform by XPath': [
      info(
        EXCLUSIVE,
        '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>self::text()</ds:XPath></ds:Transform>',
      ),
      'transforms',
    ],
    'a transform by XSLT': [
      info(EXCLUSIVE, '<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/>'),
      'transforms',
    ],
    'a transform by base64': [info(EXCLUSIVE, `<ds:Transform Algorithm="${DSIG}base64"/>`), 'transforms'],
    'an XPath in the enveloped transform': [
      info(ENVELOPED, `<ds:Transform Algorithm="${DSIG}enveloped-signature"><ds:XPath>1</ds:XPath></ds:Transform>`),
      'transforms',
    ],
    'two lists of prefixes': [
      info(
        EXCLUSIVE,
        `<ds:Transform Algorithm="${C14N}">${`<ec:InclusiveNamespaces xmlns:ec="${C14N}" PrefixList="xs"/>`.repeat(2)}</ds:Transform>`,
      ),
      'transforms',
    ],
    'a long list of prefixes': [{ prefixes: 'xs '.repeat(86).trim() }, 'transforms'],
    'a list of prefixes of another namespace': [
      info(
        EXCLUSIVE,
        `<ds:Transform Algorithm="${C14N}"><InclusiveNamespaces xmlns="${DSIG}" PrefixList="xs"/></ds:Transform>`,
      ),
      'transforms',
    ],
    'no digest': [info(/<ds:DigestValue>.*<\/ds:DigestValue>/, '<ds:DigestValue/>'), 'signature_form'],
    'two digests': [info(/<ds:DigestValue>.*<\/ds:DigestValue>/, (at) => at + at), 'signature_form'],
    'a digest with an element': [info('</ds:DigestValue>', '<x/></ds:DigestValue>'), 'signature_form'],
    'a digest that is no base64': [info('<ds:DigestValue>', '<ds:DigestValue>%'), 'signature_form'],
    'another digest': [info('<ds:DigestValue>', '<ds:DigestValue>AAAA'), 'digest'],
    'two SignedInfos': [value(/<ds:SignedInfo>.*<\/ds:SignedInfo>/, (at) => at + at), 'signature_form'],
    'a SignedInfo of another namespace': [
      value(/<ds:SignedInfo>/, (at) => `<SignedInfo xmlns="urn:x"/>${at}`),
      'signature_form',
    ],
    'no SignedInfo': [value(/<ds:SignedInfo>.*<\/ds:SignedInfo>/, ''), 'signature_form'],
    'no value': [value(/<ds:SignatureValue>.*<\/ds:SignatureValue>/, ''), 'signature_form'],
    'an empty value': [value(/<ds:SignatureValue>.*<\/ds:SignatureValue>/, '<ds:SignatureValue/>'), 'signature_form'],
    'two values': [value(/<ds:SignatureValue>.*<\/ds:SignatureValue>/, (at) => at + at), 'signature_form'],
    'a value with an element': [value('</ds:SignatureValue>', '<x/></ds:SignatureValue>'), 'signature_form'],
    'a value that was cut': [value(/<ds:SignatureValue>.{8}/, '<ds:SignatureValue>'), 'signature_value'],
    'a value of zeros': [{ makeValue: () => new Uint8Array(256) }, 'signature_value'],
    'a value of one byte': [{ makeValue: () => new Uint8Array(1) }, 'signature_value'],
    'an Object in the signature': [value('</ds:Signature>', (at) => `<ds:Object/>${at}`), 'signature_form'],
    'a Manifest in the signature': [
      value('</ds:Signature>', (at) => `<ds:Object><ds:Manifest/></ds:Object>${at}`),
      'signature_form',
    ],
    'nothing in the signature': [
      { editSignature: () => `<ds:Signature xmlns:ds="${DSIG}"></ds:Signature>` },
      'signature_form',
    ],
  }
})()
