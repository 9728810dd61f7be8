import * as z from 'zod'
import type { Route } from '../../src/http/router.ts'
import { isMessage } from '../authorization/row.ts'

interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly allOf?: readonly JsonSchema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
}

/** Where a value stands in a body: `['credential', 'response', 'signature']`. */
export type Place = readonly string[]

const MAX_DEPTH = 4

type Definitions = NonNullable<JsonSchema['$defs']>

function placesIn(schema: JsonSchema, at: Place, named: Definitions): Place[] {
  if (at.length > MAX_DEPTH) return []
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    [...at, name],
    ...placesIn(inner, [...at, name], named),
  ])
  // A schema with a name of its own stands beside: `#/$defs/SignUp`.
  const meant = schema.$ref === undefined ? [] : [named[schema.$ref.slice('#/$defs/'.length)] ?? {}]
  const inner = [...meant, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return [...own, ...inner.flatMap((one) => placesIn(one, at, named))]
}

/** Every field that a schema reads, nested ones too. */
export function placesOf(schema: z.ZodType | undefined): Place[] {
  if (!schema) return []
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema
  const places = placesIn(json, [], json.$defs ?? {}).map((place) => place.join('.'))
  return [...new Set(places)].map((place) => place.split('.'))
}

/** The body with another value at one place. */
export function withValue(body: unknown, [name, ...rest]: Place, value: unknown): unknown {
  if (name === undefined) return value
  if (Array.isArray(body)) return body.with(Number(name), withValue(body[Number(name)], rest, value))
  const fields = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  return { ...fields, [name]: withValue(fields[name], rest, value) }
}

export const pathNames = ({ path }: Route): string[] => [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)

/** The feature parses the body itself: it has no fields. */
export const isText = (route: Route): boolean => typeof route.spec.encoding === 'object' && !isMessage(route)

/** What a schema says of a value, or null when it takes it. An issue holds no value. */
export function issuesOf(schema: z.ZodType | undefined, value: unknown): string | null {
  const parsed = schema?.safeParse(value)
  if (!parsed || parsed.success) return null
  return JSON.stringify(parsed.error.issues, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
}

/** The first probe of each key. What is answered depends on the issue, which is the same for many values. */
export function onePer<P>(probes: readonly P[], keyOf: (probe: P) => string | null): P[] {
  const keys = new Set<string>()
  return probes.filter((probe) => {
    const key = keyOf(probe)
    return key !== null && !keys.has(key) && keys.add(key)
  })
}
