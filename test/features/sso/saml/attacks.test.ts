import { expect, it } from 'vitest'
import { openAnswer, readAnswer } from '../../../../src/features/sso/saml/read-answer.ts'
import { attacksOn } from '../../../support/saml/attacks/attacks.ts'
import { encode, expected, SHAPES, type Shape } from '../../../support/saml/documents.ts'
import { makeKey } from '../../../support/saml/keys.ts'

const keys = { trusted: makeKey(), stranger: makeKey(), p256: makeKey('p256'), weak: makeKey('weak') }
const certificates = Object.values(keys)
  .filter((key) => key !== keys.stranger)
  .map(({ certificate }) => certificate)

const refusalOf = async (encoded: string) => {
  const opened = await openAnswer(encoded)
  const answer = 'refused' in opened ? opened : readAnswer(opened, expected(keys.trusted, { certificates }))
  return 'refused' in answer ? answer.refused : `reads ${answer.person.nameId}`
}

const attacks = (Object.keys(SHAPES) as Shape[]).flatMap((shape) => attacksOn(shape, keys))

it('knows at least 400 attacks, all of them different', () => {
  expect(new Set(attacks.map(({ xml }) => xml)).size).toBeGreaterThan(400)
})

it.each(attacks)('refuses $name: $reason', async ({ xml, reason }) => {
  expect(await refusalOf(encode(xml))).toBe(reason)
})
