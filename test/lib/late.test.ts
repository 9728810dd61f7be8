import { expect, it } from 'vitest'
import { late } from '../../src/lib/late.ts'

it('loads a module at first use, once for all who come later', async () => {
  let loads = 0
  const module = late(async () => ({ loads: ++loads }))
  expect(loads).toBe(0)
  expect((await module.load()).loads).toBe(1)
  expect((await module.load()).loads).toBe(1)
  expect(module.get().loads).toBe(1)
})

it('gives all who come at once the module of the runtime', async () => {
  const evaluated = { name: 'module' }
  const module = late(async () => evaluated)
  const all = await Promise.all([module.load(), module.load(), module.load()])
  expect(all.every((one) => one === evaluated)).toBe(true)
})

it('is unavailable while it cannot be loaded, and there once it can', async () => {
  let isBroken = true
  const module = late(async () => {
    if (isBroken) throw new Error('No such module')
    return { name: 'module' }
  })
  const outcomes = await Promise.allSettled([module.load(), module.load()])
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE', kind: 'unavailable' } })
  expect(() => module.get()).toThrow('before it is loaded')
  isBroken = false
  expect(await module.load()).toEqual({ name: 'module' })
})

it('waits for no other request: one whose load never ends keeps nobody from loading', async () => {
  let loads = 0
  const module = late(() => {
    loads += 1
    return loads === 1 ? new Promise<{ name: string }>(() => undefined) : Promise.resolve({ name: 'module' })
  })
  void module.load()
  expect(await module.load()).toEqual({ name: 'module' })
})
