import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { createTestApp } from '../support/app.ts'
import { newEmail } from '../support/users.ts'
import { nameOf } from './guards.ts'
import { createWorld, type World } from './principals.ts'
import { ask, type Call, expectedOf } from './row.ts'
import { ROWS } from './rows.ts'

const app = createTestApp()

/** Routes that refuse a stranger what they have for somebody else. */
const refusing = listRoutes().filter((route) => {
  const row = ROWS[nameOf(route)]
  if (!row?.call || route.spec.guard.kind === 'public') return false
  const { 'other user': stranger, user } = expectedOf(route, row)
  return user < 400 && stranger >= 400
})

/** The same request for what nobody has. */
const ofNobody = (value: string | number): string | number => {
  if (typeof value === 'number') return 900_000_000 + value
  return value.includes('@') ? newEmail() : newUuid()
}

const withNobody = ({ path, query, ...rest }: Call): Call => ({
  ...rest,
  ...(path ? { path: Object.fromEntries(Object.entries(path).map(([key, value]) => [key, ofNobody(value)])) } : {}),
  ...(query
    ? { query: Object.fromEntries(Object.entries(query).map(([key, value]) => [key, String(ofNobody(value))])) }
    : {}),
})

let world: World
beforeAll(async () => {
  world = await createWorld(app, [])
})

describe('a stranger who asks for what is not there', () => {
  it.each(refusing.map((route) => [nameOf(route), route] as const))(
    'is answered by %s as for what there is',
    async (name, route) => {
      const row = ROWS[name] ?? {}
      const asked = await ask(world, route, row, 'other user')
      const nobody = {
        ...row,
        call: async (scene: Parameters<NonNullable<typeof row.call>>[0]) => withNobody((await row.call?.(scene)) ?? {}),
      }
      const missing = await ask(world, route, nobody, 'other user')
      const wordsOf = async (answer: Response) => {
        const { code, message, details } = await answer.json<Record<string, unknown>>()
        return { status: answer.status, code, message, details }
      }
      expect(await wordsOf(missing)).toEqual(await wordsOf(asked))
    },
  )

  it('is asked at several routes', () => {
    expect(refusing.length).toBeGreaterThan(10)
  })
})
