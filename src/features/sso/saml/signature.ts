import { DIGEST_NAMES, digestOf, findSigners, SIGNATURE_NAMES, type TrustedKey } from './algorithms.ts'
import { ENVELOPED, EXCLUSIVE_C14N } from './names.ts'
import { parseXml, signatureLibrary, type Xml } from './parse.ts'
import { refuse } from './refusal.ts'
import { checkForm, type Placed, placeSignatures } from './signature-form.ts'
import { attributeOf } from './tree.ts'

const tableOf = <T>(names: readonly string[], make: (name: string) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(names.map((name) => [name, make(name)]))

const digests = tableOf(
  DIGEST_NAMES,
  (name) =>
    class {
      getAlgorithmName = () => name
      getHash = (text: string) => digestOf(name, text)
    },
)

/** Classes that try the connection's keys: the library takes one, and would digest the document again for each. */
const verifiers = (keys: readonly TrustedKey[], found: (signers: readonly TrustedKey[]) => void) =>
  tableOf(
    SIGNATURE_NAMES,
    (name) =>
      class {
        getAlgorithmName = () => name
        verifySignature = (text: string, _key: unknown, value: string) => {
          const signers = findSigners(keys, name, text, Buffer.from(value, 'base64'))
          found(signers)
          return signers.length > 0
        }
      },
  )

interface SignedText {
  readonly text: string
  readonly signers: readonly TrustedKey[]
}

/** An element as it was signed, and by which keys. */
export type SignedElement = Xml & Pick<SignedText, 'signers'>

/**
 * Rule 8: digest and signature by the library, with nothing in its tables but rule 7's list, and no key but the
 * connection's. Answers what was signed, the canonical text, and the keys that signed it.
 */
function verify(text: string, { signature }: Placed, keys: readonly TrustedKey[]): SignedText {
  const { SignedXml } = signatureLibrary()
  let signers: readonly TrustedKey[] = []
  // It wants a key; `verifiers` have theirs.
  const verifier = new SignedXml({ publicCert: 'none', getCertFromKeyInfo: () => null })
  const { [ENVELOPED]: enveloped, [EXCLUSIVE_C14N]: exclusive } = verifier.CanonicalizationAlgorithms
  if (!enveloped || !exclusive) throw new Error('xml-crypto has no canonicalization')
  verifier.CanonicalizationAlgorithms = { [ENVELOPED]: enveloped, [EXCLUSIVE_C14N]: exclusive }
  verifier.HashAlgorithms = digests
  verifier.SignatureAlgorithms = verifiers(keys, (found) => {
    signers = found
  })
  verifier.idAttributes = ['ID']
  const isRight = (() => {
    try {
      verifier.loadSignature(signature)
      return verifier.checkSignature(text)
    } catch {
      return refuse('signature_value')
    }
  })()
  if (!isRight) refuse('digest')
  const [signed, ...others] = verifier.getSignedReferences()
  return signed !== undefined && others.length === 0 ? { text: signed, signers } : refuse('signed_reference')
}

/** Rule 9: what was signed, parsed once more; it is the element that the signature stands in. */
function parseSigned({ text, signers }: SignedText, { signed }: Placed): SignedElement {
  const document = parseXml(text)
  const { root } = document
  const isTheSame =
    root.namespaceURI === signed.namespaceURI &&
    root.localName === signed.localName &&
    attributeOf(root, 'ID') === attributeOf(signed, 'ID')
  return isTheSame ? { ...document, signers } : refuse('signed_reference')
}

/**
 * Rules 6 to 9 for every signature of a document: the signed elements, each as it was signed, outermost first. One
 * signature that does not hold refuses all. Empty for a document without any.
 */
export function readSigned(document: Xml, keys: readonly TrustedKey[]): readonly SignedElement[] {
  const placed = placeSignatures(document)
  for (const each of placed) checkForm(each)
  const texts = placed.map((each) => verify(document.text, each, keys))
  return placed.map((each, at) => parseSigned(texts[at] ?? refuse('signed_reference'), each))
}
