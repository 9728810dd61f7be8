import { beforeAll, describe, expect, it } from 'vitest'
import { openAnswer, readAnswer } from '../../../../src/features/sso/saml/read-answer.ts'
import { ANSWER, encode, expected, SHAPES } from '../../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'

let key: TestKey
beforeAll(() => {
  key = makeKey()
})

const read = async (xml: string, more: Parameters<typeof expected>[1] = {}) => {
  const opened = await openAnswer(encode(xml))
  return 'refused' in opened ? opened : readAnswer(opened, expected(key, more))
}

describe('a good answer', () => {
  it.each(['assertion', 'response', 'both'] as const)('names the person, with the %s signed', async (shape) => {
    expect(await read(SHAPES[shape](ANSWER, key))).toEqual({
      person: {
        nameId: 'ada@acme.example',
        format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
        nameQualifier: 'nq',
        spNameQualifier: 'sp',
        sessionIndex: '_session',
        sessionNotOnOrAfter: NOW + 3_600_000,
        authnContextClass: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
        attributes: new Map([
          ['email', ['ada@acme.example']],
          ['groups', ['staff', 'R&D']],
        ]),
      },
    })
  })
})
