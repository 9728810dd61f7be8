import { describe, expect, it } from 'vitest'
import { newUuid } from '../../src/lib/ids.ts'
import { callerOf, inTurns, mayBeTaken, named, useWorld } from './asking.ts'
import { pathNames } from './inputs.ts'
import { expectWellAnswered, refusalStatus } from './shapes.ts'
import { STRANGE, STRANGE_NUMBERS } from './values.ts'

useWorld()

const routes = named((route) => pathNames(route).length > 0)

const { empty: _empty, ...strings } = STRANGE
const VALUES: Readonly<Record<string, string>> = {
  ...strings,
  ...STRANGE_NUMBERS,
  'half of an id': newUuid().slice(0, 18),
  'an id in braces': `{${newUuid()}}`,
  'an id of another version': '00000000-0000-0000-0000-000000000000',
}

/** As they stand in the path: none of them is what an encoder writes. */
const RAW: Readonly<Record<string, string>> = {
  'a byte of nothing': '%00',
  'a byte that is no UTF-8': '%ff',
  'a percent sign': '%',
  'half of an escape': '%4',
  'an escaped slash': '%2f%2e%2e%2f',
  'a semicolon': ';a=b',
  markup: '%3Cscript%3Ealert(1)%3C/script%3E',
}

describe('a bad part of a path', () => {
  it.each(routes)('%s refuses what it cannot read', async (_, route) => {
    const caller = await callerOf(route)
    const probes = pathNames(route).flatMap((name) =>
      Object.entries(VALUES).map(([what, value]) => ({ name, what, value })),
    )
    await inTurns(probes, async ({ name, what, value }) => {
      const call = await caller.call()
      const path = { ...call.path, [name]: value.toWellFormed() }
      const isRefused = route.spec.params !== undefined && !route.spec.params.safeParse(path).success
      if (!isRefused && !mayBeTaken(route)) return
      const answer = await caller.send({ ...call, path })
      if (isRefused) expect([name, what, answer.status]).toEqual([name, what, refusalStatus(route, 'path')])
      else expect([name, what, answer.ok]).toEqual([name, what, false])
      await expectWellAnswered(route, `${name}: ${what}`, answer)
    })
  })

  it.each(routes)('%s survives what is no encoding', async (_, route) => {
    const caller = await callerOf(route)
    await inTurns(Object.entries(RAW), async ([what, raw]) => {
      const call = await caller.call()
      const answer = await caller.sendTo(route.path.replace(/:\w+/g, raw), call)
      expect([what, answer.ok]).toEqual([what, false])
      await expectWellAnswered(route, what, answer)
    })
  })
})
