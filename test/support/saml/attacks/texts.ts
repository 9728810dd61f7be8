import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { replaced } from '../documents.ts'
import type { Edit } from './parts.ts'

/** Texts that no parser should see, or that two of them read as two documents. */
export const TEXTS: Readonly<Record<string, readonly [Edit, Reason]>> = {
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
