import type { XmlElement, XmlNode } from './libraries.mjs'

export const isElement = (node: XmlNode): node is XmlElement => node.nodeType === 1
export const isText = (node: XmlNode): boolean => node.nodeType === 3

export const childElements = (element: XmlElement): XmlElement[] => Array.from(element.childNodes).filter(isElement)

export const is = (element: XmlElement | undefined, namespace: string, name: string): boolean =>
  element?.namespaceURI === namespace && element.localName === name

export const childrenOf = (element: XmlElement, namespace: string, name: string): XmlElement[] =>
  childElements(element).filter((child) => is(child, namespace, name))

/** The child of this name, if there is one and no second. */
export function onlyChild(element: XmlElement, namespace: string, name: string): XmlElement | undefined {
  const [child, second] = childrenOf(element, namespace, name)
  return second ? undefined : child
}

/** The text of an element that has no other content. */
export const textOf = (element: XmlElement | undefined): string | undefined =>
  element && childElements(element).length === 0 ? element.textContent : undefined

/** The value of the attribute of this very name, without a prefix. */
export const attributeOf = (element: XmlElement, name: string): string | undefined =>
  element.hasAttribute(name) ? element.getAttribute(name) : undefined
