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

/** Each field by its place, and what its schema says of it. */
function fieldsIn(schema: JsonSchema, at: Place, named: Definitions): (readonly [string, JsonSchema])[] {
  if (at.length > MAX_DEPTH) return []
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => [
    [[...at, name].join('.'), inner] as const,
    ...fieldsIn(inner, [...at, name], named),
  ])
  // A schema with a name of its own stands beside: `#/$defs/SignUp`.
  const meant = schema.$ref === undefined ? [] : [named[schema.$ref.slice('#/$defs/'.length)] ?? {}]
  const inner = [...meant, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])]
  return [...own, ...inner.flatMap((one) => fieldsIn(one, at, named))]
}

function fieldsOf(schema: z.ZodType | undefined): ReadonlyMap<string, JsonSchema> {
  if (!schema) return new Map()
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as JsonSchema
  return new Map(fieldsIn(json, [], json.$defs ?? {}))
}

/** Every field that a schema reads, nested ones too. */
export const placesOf = (schema: z.ZodType | undefined): Place[] =>
  [...fieldsOf(schema).keys()].map((place) => place.split('.'))

/** The fields of each schema that no schema before it has under the same name, described in the same words. */
export function newFieldsOf(schemas: readonly (z.ZodType | undefined)[]): ReadonlyMap<unknown, ReadonlySet<string>> {
  const known = new Set<string>()
  const fresh = new Map<unknown, ReadonlySet<string>>()
  for (const schema of new Set(schemas)) {
    const fields = [...fieldsOf(schema)].map(
      ([place, field]) => [place, JSON.stringify([place.split('.').at(-1), field])] as const,
    )
    fresh.set(schema, new Set(fields.filter(([, field]) => !known.has(field)).map(([place]) => place)))
    for (const [, field] of fields) known.add(field)
  }
  return fresh
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
