import { describe, expect, it } from 'vitest'
import type { Route } from '../../src/http/router.ts'
import { type Call, isMessage, toPath } from '../authorization/row.ts'
import { env } from '../support/app.ts'
import { callerOf, inTurns, mayBeTaken, named, onePerHandler, refusedCallerOf, useWorld } from './asking.ts'
import { issuesOf, isText, newFieldsOf, onePer, type Place, placesOf, withValue } from './inputs.ts'
import { expectWellAnswered, kindOf, refusalStatus } from './shapes.ts'
import { FEW_STRANGE, OTHER_TYPES, SEARCHED, STRANGE, STRANGE_NUMBERS } from './values.ts'

useWorld()

interface Probe {
  readonly what: string
  readonly place: Place
  readonly value: unknown
}

const isForm = ({ spec }: Route): boolean => spec.encoding === 'form'
const hashes = (places: readonly Place[]): boolean => places.some((place) => /password/i.test(place.at(-1) ?? ''))

/** Its fields are those of twenty-five forms, which `features/pages` sends with strange values. */
const isManyForms = ({ spec: { id } }: Route): boolean => id === 'sendAccountForm'

const bodies = named((route) => {
  const hasFields = !isText(route) && !isMessage(route) && !isManyForms(route)
  return route.spec.body !== undefined && hasFields
})

const isFirstOfSchema = (route: Route): boolean =>
  bodies.find(([, other]) => other.spec.body === route.spec.body)?.[1] === route

const newInBodies = newFieldsOf(bodies.map(([, { spec }]) => spec.body))

const few = (values: Readonly<Record<string, string>>) =>
  Object.entries(values).filter(([what]) => FEW_STRANGE.includes(what))

/** Every field with every value, where it is first read; a form has strings alone. */
function probesOf(route: Route): Probe[] {
  const places = placesOf(route.spec.body)
  const isFirst = isFirstOfSchema(route) && !hashes(places)
  const types = isForm(route) ? [] : Object.entries(OTHER_TYPES)
  return places.flatMap((place) => {
    const isNew = isFirst && newInBodies.get(route.spec.body)?.has(place.join('.'))
    return [...(isNew ? Object.entries(STRANGE) : few(STRANGE)), ...types].map(([what, value]) => ({
      what: `${place.join('.')}: ${what}`,
      place,
      value,
    }))
  })
}

const rowOf = (userId: string | null) =>
  env.DB.prepare('select * from users where id = ?')
    .bind(userId ?? '')
    .first()

const eventsOf = async (userId: string | null) =>
  (
    await env.DB.prepare('select type from events where user_id = ?')
      .bind(userId ?? '')
      .all()
  ).results

/** Whose schema is read and refused in the same way by an earlier route. */
const isRepeated = (route: Route): boolean =>
  bodies.find(([, other]) => other.spec.body === route.spec.body && kindOf(other) === kindOf(route))?.[1] !== route

describe('a bad field of a body', () => {
  it('is known by its place, for every body', () => {
    expect(bodies.filter(([, { spec }]) => placesOf(spec.body).length === 0)).toEqual([])
  })

  it.each(bodies)('%s refuses it, and changes nothing by it', async (_, route) => {
    const caller = await refusedCallerOf(route)
    const good = await caller.call()
    const bodyOf = ({ place, value }: Probe) => withValue(good.body, place, value)
    const ways = onePer(probesOf(route), (probe) => issuesOf(route.spec.body, bodyOf(probe)))
    const refused = isRepeated(route) ? ways.slice(0, 1) : ways
    const before = [await rowOf(caller.userId), await eventsOf(caller.userId)]
    await inTurns(refused, async (probe) => {
      const answer = await caller.send({ ...good, body: bodyOf(probe) })
      expect([probe.what, answer.status]).toEqual([probe.what, refusalStatus(route, 'body')])
      await expectWellAnswered(route, probe.what, answer)
    })
    expect([await rowOf(caller.userId), await eventsOf(caller.userId)]).toEqual(before)
  })

  it.each(onePerHandler(bodies).filter(([, route]) => mayBeTaken(route)))(
    '%s takes a strange one in its stride',
    async (_, route) => {
      let caller = await callerOf(route)
      const { body: good } = await caller.call()
      const bodyOf = (body: unknown, { place, value }: Probe) => withValue(body, place, value)
      const taken = probesOf(route).filter((probe) => route.spec.body?.safeParse(bodyOf(good, probe)).success)
      await inTurns(taken, async (probe) => {
        const call = await caller.call()
        const answer = await caller.send({ ...call, body: bodyOf(call.body, probe) })
        // What the last one did may have ended the session.
        if (answer.status === 401) caller = await callerOf(route)
        await expectWellAnswered(route, probe.what, answer)
      })
    },
  )
})

/** The feature itself says what it takes: every value stands once in every place of a good message. */
describe('a bad field of a message', () => {
  const placesIn = (value: unknown, at: Place = []): Place[] => [
    ...(at.length > 0 ? [at] : []),
    ...(typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, inner]) => placesIn(inner, [...at, name]))
      : []),
  ]

  // PUT reads as POST does.
  it.each(onePerHandler(named((route) => isMessage(route) && route.method !== 'PUT')))(
    '%s takes or refuses it in its own words',
    async (_, route) => {
      const caller = await callerOf(route)
      const places = placesIn((await caller.call()).body)
      expect(places.length).toBeGreaterThan(3)
      const values = [...few(STRANGE), ...Object.entries(OTHER_TYPES)]
      const probes = places.flatMap((place) => values.map(([what, value]) => ({ what, place, value })))
      await inTurns(probes, async ({ what, place, value }) => {
        const call = await caller.call()
        const answer = await caller.send({ ...call, body: withValue(call.body, place, value) })
        expect([200, 201, 400, 409], `${place.join('.')}: ${what}`).toContain(answer.status)
        await expectWellAnswered(route, `${place.join('.')}: ${what}`, answer)
      })
    },
  )
})

const queries = named((route) => placesOf(route.spec.query).length > 0)

describe('a bad parameter of a query', () => {
  const newInQueries = newFieldsOf(queries.map(([, { spec }]) => spec.query))
  const every = { ...STRANGE, ...STRANGE_NUMBERS, ...SEARCHED }

  const valuesOf = (route: Route, name: string) =>
    name !== 'password' && newInQueries.get(route.spec.query)?.has(name) ? Object.entries(every) : few(every)

  const probesOf = (route: Route) =>
    placesOf(route.spec.query).flatMap(([name = '']) =>
      valuesOf(route, name).map(([what, value]) => ({
        what: `${name}: ${what}`,
        query: { [name]: value.toWellFormed() },
      })),
    )
  const refusalOf = (route: Route, call: Call, query: Call['query']) =>
    issuesOf(route.spec.query, { ...call.query, ...query })

  it.each(queries)('%s refuses what it cannot read', async (_, route) => {
    const caller = await refusedCallerOf(route)
    const call = await caller.call()
    const refused = onePer(probesOf(route), ({ query }) => refusalOf(route, call, query))
    await inTurns(refused, async ({ what, query }) => {
      const answer = await caller.send({ ...call, query: { ...call.query, ...query } })
      expect([what, answer.status]).toEqual([what, refusalStatus(route, 'query')])
      await expectWellAnswered(route, what, answer)
    })
  })

  it.each(onePerHandler(queries).filter(([, route]) => mayBeTaken(route)))(
    '%s takes a strange one in its stride',
    async (_, route) => {
      let caller = await callerOf(route)
      const good = await caller.call()
      const taken = probesOf(route).filter(({ query }) => refusalOf(route, good, query) === null)
      await inTurns(taken, async ({ what, query }) => {
        // GET uses nothing up.
        const call = route.method === 'GET' ? good : await caller.call()
        const answer = await caller.send({ ...call, query: { ...call.query, ...query } })
        // What the last one did may have ended the session.
        if (answer.status === 401) caller = await callerOf(route)
        await expectWellAnswered(route, what, answer)
      })
    },
  )

  /** As it stands in the address. */
  const rawOf = (name: string): string[] => [
    `${name}=1&${name}=2`,
    `${name}=%ff`,
    `${name}=%`,
    `${name}=%00`,
    `${name}[]=1`,
    `${name}[$ne]=1`,
    name,
  ]

  it.each(onePerHandler(queries).filter(([, route]) => mayBeTaken(route)))(
    '%s has an answer for what is no pair',
    async (_, route) => {
      const caller = await callerOf(route)
      const call = await caller.call()
      const path = toPath(route.path, call.path)
      const probes = placesOf(route.spec.query).flatMap(([name = '']) => rawOf(name))
      await inTurns(probes, async (raw) => {
        const answer = await caller.sendTo(`${path}?${raw}`, { ...call, query: {} })
        await expectWellAnswered(route, raw, answer)
      })
    },
  )
})
