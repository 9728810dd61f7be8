import { beforeAll, expect, it } from 'vitest'
import { openAnswer, readAnswer, type SamlPerson } from '../../../../src/features/sso/saml/read-answer.ts'
import { DAY } from '../../../../src/lib/time.ts'
import { ANSWER, encode, expected, NAME, SHAPES, type Shape } from '../../../support/saml/documents.ts'
import { makeKey, type TestKey } from '../../../support/saml/keys.ts'
import { mutate, randomNumbers } from '../../../support/saml/mutations.ts'
import { nodeSamlOpinion, ownOpinion } from '../../../support/saml/opinions.ts'

/**
 * A sample, another each day: its name has the seed, to repeat it with VITE_SAML_SEED. 20,000 before a change of the rules:
 * `VITE_SAML_MUTATIONS=20000 npx vitest run test/features/sso/saml/mutations.test.ts`.
 */
const { env } = import.meta as { readonly env?: Readonly<Record<string, string | undefined>> }
const COUNT = Number(env?.VITE_SAML_MUTATIONS ?? 300)
const SEED = Number(env?.VITE_SAML_SEED ?? Math.floor(Date.now() / DAY))

let key: TestKey
let documents: string[]
beforeAll(() => {
  key = makeKey()
  documents = (Object.keys(SHAPES) as Shape[]).flatMap((shape) => [
    SHAPES[shape](ANSWER, key),
    SHAPES[shape](ANSWER, key, { prefixes: 'xs saml' }),
  ])
})

const read = async (xml: string): Promise<SamlPerson | string> => {
  const opened = await openAnswer(encode(xml))
  const answer = 'refused' in opened ? opened : readAnswer(opened, expected(key))
  return 'refused' in answer ? answer.refused : answer.person
}

it(`reads the person that was signed, or nobody, in ${COUNT} mutations of seed ${SEED}; whom it reads, two others read too`, {
  timeout: 60_000 + COUNT * 100,
}, async () => {
  const random = randomNumbers(SEED)
  const person = await read(documents[0] ?? '')
  const seen = new Map<string, number>()
  for (let count = 0; count < COUNT; count += 1) {
    const xml = mutate(random, documents[count % documents.length] ?? '')
    const outcome = await read(xml)
    const name = typeof outcome === 'string' ? outcome : 'accepted'
    seen.set(name, (seen.get(name) ?? 0) + 1)
    if (typeof outcome === 'string') continue
    expect(outcome, xml).toEqual(person)
    expect(await ownOpinion(xml, key), xml).toBe(NAME)
    expect(await nodeSamlOpinion(xml, key), xml).toBe(NAME)
  }
  // Mutations that all die at the door would prove nothing.
  expect(seen.get('accepted')).toBeGreaterThan(COUNT / 20)
  expect(seen.get('digest')).toBeGreaterThan(COUNT / 20)
  expect(seen.size).toBeGreaterThan(10)
})
