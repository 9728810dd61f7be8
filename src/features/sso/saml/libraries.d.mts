/** What is used of a node (DOM Level 2). */
export interface XmlNode {
  readonly nodeType: number
  readonly childNodes: ArrayLike<XmlNode>
  readonly nodeValue: string | null
}
export interface XmlAttribute {
  readonly name: string
  readonly prefix: string | null
  readonly localName: string
  readonly namespaceURI: string | null
  readonly value: string
}
export interface XmlElement extends XmlNode {
  readonly prefix: string | null
  readonly localName: string
  readonly namespaceURI: string | null
  readonly parentNode: XmlNode | null
  readonly attributes: ArrayLike<XmlAttribute>
  readonly textContent: string
  hasAttribute(name: string): boolean
  getAttribute(name: string): string
}
interface XmlDocument {
  readonly documentElement: XmlElement | null
}

interface ParserLibrary {
  readonly DOMParser: new (options: {
    readonly errorHandler: (level: string, message: unknown) => void
  }) => { parseFromString(text: string, type: 'text/xml'): XmlDocument }
}

type Algorithm = new () => object
type Algorithms = Readonly<Record<string, Algorithm>>

export interface SignedXmlObject {
  idAttributes: readonly string[]
  CanonicalizationAlgorithms: Algorithms
  HashAlgorithms: Algorithms
  SignatureAlgorithms: Algorithms
  loadSignature(signature: XmlElement): void
  /** False for a wrong digest; throws for a wrong signature and for everything else. */
  checkSignature(text: string): boolean
  getSignedReferences(): readonly string[]
}

interface SignatureLibrary {
  readonly SignedXml: new (options: {
    readonly publicCert: string
    readonly getCertFromKeyInfo: () => null
  }) => SignedXmlObject
  readonly ExclusiveCanonicalization: Algorithm
}

export function loadParser(): Promise<ParserLibrary>
export function loadSignatures(): Promise<SignatureLibrary>
