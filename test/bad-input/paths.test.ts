import { describe, expect, it } from 'vitest'
import { newUuid } from '../../src/lib/ids.ts'
import { inTurns, mayBeTaken, named, refusedCallerOf, useWorld } from './asking.ts'
import { issuesOf, onePer, pathNames } from './inputs.ts'
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
    const caller = await refusedCallerOf(route)
    const probes = pathNames(route).flatMap((name) =>
      Object.entries(VALUES).map(([what, value]) => ({ name, what, value })),
    )
    const call = await caller.call()
    const pathOf = ({ name, value }: (typeof probes)[number]) => ({ ...call.path, [name]: value.toWellFormed() })
    const refusalOf = (probe: (typeof probes)[number]) => issuesOf(route.spec.params, pathOf(probe))
    await inTurns(onePer(probes, refusalOf), async (probe) => {
      const { name, what } = probe
      const answer = await caller.send({ ...call, path: pathOf(probe) })
      expect([name, what, answer.status]).toEqual([name, what, refusalStatus(route, 'path')])
      await expectWellAnswered(route, `${name}: ${what}`, answer)
    })
    if (!mayBeTaken(route)) return
    const taken = probes.filter((probe) => refusalOf(probe) === null)
    await inTurns(taken, async (probe) => {
      const { name, what } = probe
      const answer = await caller.send({ ...call, path: pathOf(probe) })
      expect([name, what, answer.ok]).toEqual([name, what, false])
      await expectWellAnswered(route, `${name}: ${what}`, answer)
    })
  })

  it.each(routes)('%s survives what is no encoding', async (_, route) => {
    const caller = await refusedCallerOf(route)
    const call = await caller.call()
    await inTurns(Object.entries(RAW), async ([what, raw]) => {
      const answer = await caller.sendTo(route.path.replace(/:\w+/g, raw), call)
      expect([what, answer.ok]).toEqual([what, false])
      await expectWellAnswered(route, what, answer)
    })
  })
})
