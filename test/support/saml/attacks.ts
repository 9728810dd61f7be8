import type { Reason } from '../../../src/features/sso/saml/refusal.ts'
import { ANSWER, NAME, replaced, SHAPES, type Shape, type Signing } from './documents.ts'
import type { TestKey } from './keys.ts'

/** A document that must sign nobody in, and why. */
export interface Attack {
  readonly name: string
  readonly xml: string
  readonly reason: Reason
}

export interface AttackKeys {
  /** The connection trusts it. */
  readonly trusted: TestKey
  readonly stranger: TestKey
  readonly p256: TestKey
  readonly weak: TestKey
}

const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const SIGNATURE = /<ds:Signature .*?<\/ds:Signature>/s
const ALL_SIGNATURES = /<ds:Signature .*?<\/ds:Signature>/gs
const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/s
const VICTIM = 'root@acme.example'

const part = (text: string, pattern: RegExp): string => {
  const [found] = pattern.exec(text) ?? []
  if (found === undefined) throw new Error(`no part ${pattern}`)
  return found
}

/** The assertion that an attacker writes, under an ID of its own or the honest one's. */
const forged = (id = '_evil') =>
  replaced(part(ANSWER, ASSERTION), new RegExp(NAME, 'g'), VICTIM).replace('ID="_assertion"', `ID="${id}"`)
const inForged = (place: string | RegExp, put: (found: string) => string, id?: string) =>
  replaced(forged(id), place, put)

type Edit = (xml: string) => string

/** An honest assertion is hidden where nobody reads it, and a forged one stands where it was. */
const wrapAssertion = (honest: string): Readonly<Record<string, string>> => ({
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
const hidePlaces: Readonly<Record<string, (xml: string, honest: string) => string>> = {
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
const wrapResponse = (honest: string): Readonly<Record<string, string>> => {
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

/** Changes of what every signature covers. */
const CHANGES: Readonly<Record<string, Edit>> = {
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
const CHANGES_AROUND: Readonly<Record<string, readonly [Edit, Reason]>> = {
  'another status': [(xml) => replaced(xml, 'status:Success', 'status:Responder'), 'status'],
  'another issuer of the response': [
    (xml) => replaced(xml, '<saml:Issuer>', '<saml:Issuer>https://evil.example/'),
    'issuer',
  ],
}

/** Where a signature of the right form stands in a wrong place. */
const PLACES: Readonly<Record<string, Edit>> = {
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

/** Signatures by the right key, of a form that is not the one. */
const FORMS: Readonly<Record<string, readonly [Signing, Reason]>> = (() => {
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

/** Texts that no parser should see, or that two of them read as two documents. */
const TEXTS: Readonly<Record<string, readonly [Edit, Reason]>> = {
  'a comment in the digest': [
    (xml) => replaced(xml, '</ds:DigestValue>', (at) => `<!--x-->${at}`),
    'markup_declaration',
  ],
  'an instruction in the digest': [
    (xml) => replaced(xml, '</ds:DigestValue>', (at) => `<?x y?>${at}`),
    'markup_declaration',
  ],
  'CDATA in the signature': [
    (xml) => replaced(xml, '<ds:SignatureValue>', (at) => `${at}<![CDATA[x]]>`),
    'markup_declaration',
  ],
  'a comment in the name': [
    (xml) => replaced(xml, 'ada@acme.example</saml:NameID>', 'ada@acme.example<!---->.evil</saml:NameID>'),
    'markup_declaration',
  ],
  'a comment before the root': [(xml) => `<!--x-->${xml}`, 'markup_declaration'],
  'an instruction in the name': [
    (xml) => replaced(xml, 'ada@acme.example</saml:NameID>', '<?x not-?>ada@acme.example</saml:NameID>'),
    'markup_declaration',
  ],
  'CDATA in the name': [
    (xml) => replaced(xml, 'ada@acme.example</saml:NameID>', '<![CDATA[ada@acme.example]]></saml:NameID>'),
    'markup_declaration',
  ],
  'a document type': [(xml) => `<!DOCTYPE x>${xml}`, 'markup_declaration'],
  'an external entity': [(xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml}`, 'markup_declaration'],
  'entities that expand': [
    (xml) => `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>${replaced(xml, '>staff<', '>&b;<')}`,
    'markup_declaration',
  ],
  'a stylesheet': [(xml) => `<?xml-stylesheet href="x"?>${xml}`, 'markup_declaration'],
  'XML 1.1': [(xml) => `<?xml version="1.1"?>${xml}`, 'markup_declaration'],
  'another encoding in its declaration': [
    (xml) => `<?xml version="1.0" encoding="ISO-8859-1"?>${xml}`,
    'markup_declaration',
  ],
  'UTF-7 in its declaration': [(xml) => `<?xml version="1.0" encoding="UTF-7"?>${xml}`, 'markup_declaration'],
  'a declaration behind a space': [(xml) => ` <?xml version="1.0"?>${xml}`, 'markup_declaration'],
  'two declarations': [(xml) => `<?xml version="1.0"?><?xml version="1.0"?>${xml}`, 'markup_declaration'],
  'the end of CDATA in text': [(xml) => replaced(xml, '>staff<', '>]]><'), 'markup_declaration'],
  'an entity that is not declared': [(xml) => replaced(xml, '>staff<', '>&evil;<'), 'entity'],
  'an entity of HTML': [(xml) => replaced(xml, '>staff<', '>&nbsp;<'), 'entity'],
  'a bare ampersand': [(xml) => replaced(xml, '>staff<', '>a & b<'), 'entity'],
  'a reference without an end': [(xml) => replaced(xml, '>staff<', '>&#65<'), 'entity'],
  'a reference to NUL': [(xml) => replaced(xml, '>staff<', '>&#0;<'), 'character'],
  'a reference to half a character': [(xml) => replaced(xml, '>staff<', '>&#xD800;<'), 'character'],
  'a reference beyond Unicode': [(xml) => replaced(xml, '>staff<', '>&#x110000;<'), 'character'],
  'a reference to a control character': [(xml) => replaced(xml, '>staff<', '>&#8;<'), 'character'],
  'a reference to what the parser takes for the end of a line': [
    (xml) => replaced(xml, '>staff<', '>&#x2028;<'),
    'character',
  ],
  NUL: [(xml) => replaced(xml, '>staff<', '>\0<'), 'character'],
  'a control character': [(xml) => replaced(xml, '>staff<', '>\x1b<'), 'character'],
  'a character that is none': [(xml) => replaced(xml, '>staff<', '>\uFFFE<'), 'character'],
  'what the parser takes for the end of a line': [(xml) => replaced(xml, '>staff<', '>\u0085<'), 'character'],
  'a byte order mark inside': [(xml) => replaced(xml, '<saml:Subject>', '\uFEFF<saml:Subject>'), 'digest'],
  'too many elements': [(xml) => replaced(xml, '<samlp:Status>', (at) => '<x/>'.repeat(2000) + at), 'too_many_nodes'],
  'too many attributes': [
    (xml) =>
      replaced(
        xml,
        '<samlp:Status>',
        (at) => `<x ${Array.from({ length: 3000 }, (_, n) => `a${n}=""`).join(' ')}/>${at}`,
      ),
    'too_many_nodes',
  ],
  'too much text': [(xml) => replaced(xml, '>staff<', `>${'x'.repeat(128 * 1024)}<`), 'too_large'],
  'too many levels': [
    (xml) => replaced(xml, '<samlp:Status>', (at) => '<x>'.repeat(32) + '</x>'.repeat(32) + at),
    'too_deep',
  ],
  'tags that cross': [(xml) => replaced(xml, '<samlp:Status>', (at) => `<x><y></x></y>${at}`), 'not_xml'],
  'a tag without an end': [(xml) => replaced(xml, '<samlp:Status>', (at) => `<x>${at}`), 'not_xml'],
  'a tag that ends in another case': [(xml) => replaced(xml, '<samlp:Status>', (at) => `<x></X>${at}`), 'not_xml'],
  'an end of nothing': [(xml) => `${xml}</x>`, 'not_xml'],
  'text before the root': [(xml) => `x${xml}`, 'not_xml'],
  'text behind the root': [(xml) => `${xml}x`, 'not_xml'],
  'two roots': [(xml) => xml + xml, 'not_xml'],
  'a part alone': [(xml) => xml.slice(0, -20), 'not_xml'],
  'an attribute twice': [(xml) => replaced(xml, '<samlp:Status>', '<samlp:Status a="1" a="2">'), 'not_xml'],
  'an attribute without quotes': [(xml) => replaced(xml, '<samlp:Status>', '<samlp:Status a=1>'), 'not_xml'],
  'an attribute without a value': [(xml) => replaced(xml, '<samlp:Status>', '<samlp:Status a>'), 'not_xml'],
  'a tag in an attribute': [(xml) => replaced(xml, '<samlp:Status>', '<samlp:Status a="<x>">'), 'not_xml'],
  'attributes without a space between': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status a="1"b="2">'),
    'not_xml',
  ],
  'a name with two colons': [(xml) => replaced(xml, '<samlp:Status>', (at) => `<a:b:c/>${at}`), 'not_xml'],
  'an end with an attribute': [(xml) => replaced(xml, '</samlp:Status>', '</samlp:Status a="1">'), 'not_xml'],
  'a prefix that is not declared': [(xml) => replaced(xml, '<samlp:Status>', (at) => `<evil:x/>${at}`), 'namespace'],
  'an attribute whose prefix is not declared': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status evil:x="1">'),
    'namespace',
  ],
  'a prefix that is undeclared again': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlns:x="">'),
    'namespace',
  ],
  'another meaning of xml': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlns:xml="urn:evil">'),
    'namespace',
  ],
  'another meaning of xmlns': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlns:xmlns="urn:evil">'),
    'namespace',
  ],
  'a namespace that is long': [
    (xml) => replaced(xml, '<samlp:Status>', `<samlp:Status xmlns:x="urn:${'x'.repeat(300)}">`),
    'namespace',
  ],
  'a namespace with a quote': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlns:x="a&quot; ID=&quot;b">'),
    'namespace',
  ],
  'an attribute that canonical forms may leave out': [
    (xml) => replaced(xml, '<samlp:Status>', '<samlp:Status xmlnsx="1">'),
    'namespace',
  ],
  'a script of XHTML': [
    (xml) => replaced(xml, '<samlp:Status>', (at) => `<script xmlns="http://www.w3.org/1999/xhtml">x</script>${at}`),
    'namespace',
  ],
  'a prefix of XHTML': [
    (xml) =>
      replaced(xml, '<samlp:Status>', (at) => `<h:script xmlns:h="http://www.w3.org/1999/xhtml">x</h:script>${at}`),
    'namespace',
  ],
}

/** What a reader could take for an ID. */
const IDS: Readonly<Record<string, Edit>> = {
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

const ROOTS: Readonly<Record<string, readonly [Edit, Reason]>> = {
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

const rowsOf = <T>(table: Readonly<Record<string, T>>) => Object.entries(table)

/** Every attack on an answer of which one part, or both, are signed. */
export function attacksOn(shape: Shape, { trusted, stranger, p256, weak }: AttackKeys): readonly Attack[] {
  // Where both are signed, the signature inside is the odd one: every one that is there must hold.
  const sign = (xml: string, signing?: Signing) =>
    shape === 'both'
      ? SHAPES.response(SHAPES.assertion(xml, trusted, signing), trusted)
      : SHAPES[shape](xml, trusted, signing)
  const good = sign(ANSWER)
  const honest = part(good, ASSERTION)
  const isResponseSigned = shape !== 'assertion'
  const attack = (name: string, xml: string, reason: Reason): Attack => ({
    name: `${shape} signed: ${name}`,
    xml,
    reason,
  })
  const withoutAssertion = replaced(good, ASSERTION, forged())
  return [
    ...rowsOf(wrapAssertion(honest)).map(([name, xml]) =>
      attack(`a forged assertion ${name}`, replaced(good, ASSERTION, xml), 'not_one_assertion'),
    ),
    ...rowsOf(hidePlaces).map(([name, hide]) =>
      attack(`the honest assertion ${name}`, hide(withoutAssertion, honest), 'not_one_assertion'),
    ),
    ...rowsOf(wrapResponse(good)).map(([name, xml]) =>
      attack(`a forged response around the honest one ${name}`, xml, 'not_a_response'),
    ),
    ...rowsOf(CHANGES).map(([name, edit]) => attack(`${name} after signing`, edit(good), 'digest')),
    ...rowsOf(CHANGES_AROUND).map(([name, [edit, reason]]) =>
      attack(`${name} after signing`, edit(good), isResponseSigned ? 'digest' : reason),
    ),
    ...rowsOf(PLACES).map(([name, edit]) => attack(`a signature ${name}`, edit(good), 'signature_place')),
    ...rowsOf(FORMS).map(([name, [signing, reason]]) => attack(name, sign(ANSWER, signing), reason)),
    ...rowsOf(TEXTS).map(([name, [edit, reason]]) => attack(name, edit(good), reason)),
    ...rowsOf(IDS).map(([name, edit]) => attack(name, edit(good), 'duplicate_id')),
    ...rowsOf(ROOTS).map(([name, [edit, reason]]) => attack(name, edit(good), reason)),
    attack('no signature', good.replace(ALL_SIGNATURES, ''), 'unsigned'),
    attack('a stranger', SHAPES[shape](ANSWER, stranger), 'signature_value'),
    attack(
      'a stranger who names the trusted certificate',
      replaced(SHAPES[shape](ANSWER, stranger), stranger.certificate, trusted.certificate),
      'signature_value',
    ),
    attack('a stranger with an elliptic key under the name of RSA', SHAPES[shape](ANSWER, p256), 'signature_value'),
    attack('a weak key', SHAPES[shape](ANSWER, weak), 'signature_value'),
    attack(
      'a forged assertion under the honest signature',
      replaced(
        good,
        ASSERTION,
        isResponseSigned ? forged() : forged().replace('</saml:Issuer>', (at) => at + part(good, SIGNATURE)),
      ),
      isResponseSigned ? 'digest' : 'reference_target',
    ),
    attack(
      'a forged assertion with the honest ID and signature',
      replaced(
        good,
        ASSERTION,
        forged('_assertion').replace('</saml:Issuer>', (at) =>
          shape === 'response' ? at : at + part(honest, SIGNATURE),
        ),
      ),
      'digest',
    ),
  ]
}
