import { createHash, type Hash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openAnswer, readAnswer } from '../../../../src/features/sso/saml/read-answer.ts'
import { ANSWER, encode, expected, replaced, SHAPES } from '../../../support/saml/documents.ts'
import { makeKey } from '../../../support/saml/keys.ts'

const stranger = makeKey()
const trusted = [makeKey(), makeKey(), makeKey('p256'), makeKey('p384'), makeKey('p256')]
const certificates = trusted.map(({ certificate }) => certificate)
const crypto = process.getBuiltinModule('node:crypto')

/** Counts what is digested: how often, and how many characters. */
function countDigests() {
  const digests = { times: 0, characters: 0 }
  vi.spyOn(crypto, 'createHash').mockImplementation((name: string): Hash => {
    digests.times += 1
    const hash = createHash(name)
    const update = hash.update.bind(hash)
    return Object.assign(hash, {
      update: (text: string) => {
        digests.characters += text.length
        return update(text)
      },
    })
  })
  return digests
}
afterEach(() => {
  vi.restoreAllMocks()
})

async function refusalOf(xml: string) {
  const [first] = trusted
  if (!first) throw new Error('no key')
  const opened = await openAnswer(encode(xml))
  const answer = 'refused' in opened ? opened : readAnswer(opened, expected(first, { certificates }))
  return 'refused' in answer ? answer.refused : 'accepted'
}

const repeat = (count: number, make: (at: number) => string) =>
  Array.from({ length: count }, (_, at) => make(at)).join('')
const inAssertion = (put: string) => replaced(ANSWER, '<saml:AttributeStatement>', (at) => put + at)
/** The longest name of a namespace that is taken. */
const LONG = `urn:${'x'.repeat(252)}`

describe('what a stranger can make this service do', () => {
  it('is one digest, however many keys the connection has', async () => {
    for (const shape of ['assertion', 'response', 'both'] as const) {
      const digests = countDigests()
      expect(await refusalOf(SHAPES[shape](ANSWER, stranger))).toBe('signature_value')
      expect(digests.times).toBe(1)
      vi.restoreAllMocks()
    }
  })

  it('is nothing of that for a signature of a wrong form, in a wrong place or without an algorithm that is taken', async () => {
    const digests = countDigests()
    const signed = SHAPES.both(ANSWER, stranger)
    expect(await refusalOf(replaced(signed, '</ds:SignedInfo>', (at) => `<ds:Reference/>${at}`))).toBe('signature_form')
    expect(await refusalOf(SHAPES.response(ANSWER, stranger, { algorithm: 'rsa-sha1' }))).toBe('algorithm')
    expect(
      await refusalOf(
        replaced(
          signed,
          '<samlp:Status>',
          (at) => `${at}<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`,
        ),
      ),
    ).toBe('signature_place')
    expect(digests.times).toBe(0)
  })

  const MEBIBYTE = 1024 * 1024
  it.each([
    ['elements that repeat a long namespace', () => `<y xmlns:p="${LONG}">${repeat(1840, () => '<p:x/>')}</y>`],
    ['attributes that repeat a long namespace', () => `<y xmlns:p="${LONG}">${repeat(1400, () => '<x p:a="1"/>')}</y>`],
    ['elements that declare one each', () => repeat(400, () => `<x xmlns="${LONG}"/>`)],
    [
      'elements that change between two',
      () => `<y xmlns:p="${LONG}" xmlns:q="${LONG}">${repeat(600, () => '<p:x><q:x/></p:x>')}</y>`,
    ],
  ] as const)('digests less than a mebibyte for %s', async (_name, make) => {
    const xml = SHAPES.response(inAssertion(make()), stranger)
    const digests = countDigests()
    expect(await refusalOf(xml)).toBe('signature_value')
    expect(digests.characters).toBeLessThan(MEBIBYTE)
  })

  it('digests nothing of a document with a longer namespace, more elements or more attributes', async () => {
    const digests = countDigests()
    for (const put of [
      `<y xmlns:p="${LONG}x"/>`,
      repeat(2000, () => '<x/>'),
      `<x ${repeat(3000, (at) => ` a${at}=""`)}/>`,
    ])
      expect(await refusalOf(SHAPES.response(inAssertion(put), stranger))).toMatch(/namespace|too_many_nodes/)
    expect(digests.times).toBe(0)
  })
})
