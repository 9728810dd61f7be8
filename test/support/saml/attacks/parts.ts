import { ANSWER, NAME, replaced } from '../documents.ts'

export const DSIG = 'http://www.w3.org/2000/09/xmldsig#'
export const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
export const SIGNATURE = /<ds:Signature .*?<\/ds:Signature>/s
export const ALL_SIGNATURES = /<ds:Signature .*?<\/ds:Signature>/gs
export const ASSERTION = /<saml:Assertion .*<\/saml:Assertion>/s
export const VICTIM = 'root@acme.example'

export const part = (text: string, pattern: RegExp): string => {
  const [found] = pattern.exec(text) ?? []
  if (found === undefined) throw new Error(`no part ${pattern}`)
  return found
}

/** The assertion that an attacker writes, under an ID of its own or the honest one's. */
export const forged = (id = '_evil') =>
  replaced(part(ANSWER, ASSERTION), new RegExp(NAME, 'g'), VICTIM).replace('ID="_assertion"', `ID="${id}"`)
export const inForged = (place: string | RegExp, put: (found: string) => string, id?: string) =>
  replaced(forged(id), place, put)

export type Edit = (xml: string) => string
