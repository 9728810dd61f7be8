import { expect, it } from 'vitest'
import { guardNameOf } from '../src/context.ts'

it.each([
  ['', '227'],
  ['a', '202'],
  ['5f0c2a1e-6a52-4f7d-9a51-0d6a2f0e7c11', '230'],
  ['mail:ada@example.test', '16'],
  ['Zoë', '198'],
  ['\u{1f511}', '197'],
  ['\ud800', '131'],
])('keeps the locks of %j in the guard where they were always kept', (subject, name) => {
  expect(guardNameOf(subject)).toBe(name)
})
