import { expect, it } from 'vitest'
import { cookiesNamed } from '../../src/lib/cookies.ts'

it('finds each cookie of a name, without the blanks around it', () => {
  expect(cookiesNamed('a=1; b=2;\t a=3 \t;ab=4;a', 'a')).toEqual(['1', '3'])
  expect(cookiesNamed('', 'a')).toEqual([])
})

it('takes no other white space for a blank', () => {
  for (const space of ['\u00a0', '\u2000', '\u3000', '\ufeff', '\v', '\f'])
    expect(cookiesNamed(`${space}a=1; a=2${space}`, 'a')).toEqual([`2${space}`])
})

it('takes a long run of blanks in its stride', () => {
  const run = ' '.repeat(1_000_000)
  expect(cookiesNamed(`a=x${run}y`, 'a')).toEqual([`x${run}y`])
})
