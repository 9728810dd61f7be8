import * as z from 'zod'
import { camelOf } from '../lib/json.ts'
import { toIso, toIsoOrNull } from '../lib/time.ts'
import { answerPage, type Page } from './page.ts'

type DeepReadonly<T> = T extends readonly (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** The type that an answer's schema describes, with read-only lists and objects. */
export type Wire<S extends z.ZodType> = DeepReadonly<z.infer<S>>

/** How a value of the domain is written in an answer. */
export interface Shape<V, S extends z.ZodType = z.ZodType> {
  readonly schema: S
  readonly write: (value: V) => Wire<S>
}

/** A shape whose wire form is written by a function. */
export const mapped = <V, S extends z.ZodType>(schema: S, write: (value: V) => Wire<S>): Shape<V, S> => ({
  schema,
  write,
})

interface FieldOfRow<Row, S extends z.ZodType> {
  readonly schema: S
  readonly from: (row: Row) => Wire<S>
}

/** Epoch milliseconds inside, ISO 8601 with `Z` on the wire. */
export const instant: Shape<number, z.ZodISODateTime> = { schema: z.iso.datetime(), write: toIso }
export const instantOrNull: Shape<number | null, z.ZodNullable<z.ZodISODateTime>> = {
  schema: z.iso.datetime().nullable(),
  write: toIsoOrNull,
}

/** A field that is computed from the row, or has another name there. */
export const from = <Row, S extends z.ZodType>(schema: S, read: (row: Row) => Wire<S>): FieldOfRow<Row, S> => ({
  schema,
  from: read,
})

type Camel<N extends string> = N extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : N

/** Each field of a shape; `never` where the row's property is missing or has another type. */
type Fitting<Row, F> = {
  [N in keyof F]: F[N] extends FieldOfRow<infer R, z.ZodType>
    ? Row extends R
      ? F[N]
      : never
    : N extends string
      ? Camel<N> extends keyof Row
        ? Row[Camel<N>] extends AcceptedBy<F[N]>
          ? F[N]
          : never
        : never
      : never
}

type AcceptedBy<T> = T extends Shape<infer V> ? V : T extends z.ZodType ? Wire<T> : never
type SchemaOf<T> = T extends z.ZodType ? T : T extends { readonly schema: infer S extends z.ZodType } ? S : never
type ObjectOf<F> = z.ZodObject<{ -readonly [N in keyof F]: SchemaOf<F[N]> }>

type AnyField = Shape<unknown> | FieldOfRow<unknown, z.ZodType>

const readerOf = (name: string, field: z.ZodType | AnyField): ((row: Record<string, unknown>) => unknown) => {
  const property = camelOf(name)
  if (field instanceof z.ZodType) return (row) => row[property]
  return 'from' in field ? field.from : (row) => field.write(row[property])
}

/**
 * Defines the wire form of a row by its field names: `created_at` is the row's `createdAt`. A name that the row does not have,
 * or a time without conversion, does not compile.
 */
export const shape =
  <Row>() =>
  <const F extends Readonly<Record<string, unknown>>>(
    id: string,
    fields: F & Fitting<Row, F>,
  ): Shape<Row, ObjectOf<F>> => {
    const entries = Object.entries(fields as Record<string, z.ZodType | AnyField>)
    const readers = entries.map(([name, field]) => [name, readerOf(name, field)] as const)
    const schemas = entries.map(([name, field]) => [name, field instanceof z.ZodType ? field : field.schema])
    return {
      schema: z.object(Object.fromEntries(schemas)).meta({ id }) as unknown as ObjectOf<F>,
      write: (row) =>
        Object.fromEntries(readers.map(([name, read]) => [name, read(row as Record<string, unknown>)])) as Wire<
          ObjectOf<F>
        >,
    }
  }

/** An answer that a route may give, and how the handler's value becomes a response. */
export interface Answer<Status extends number = number, V = never> {
  readonly status: Status
  readonly description: string
  readonly schema?: z.ZodType
  readonly contentType?: string
  readonly respond: (value: V) => Response
  /** The JSON value that `respond` writes. */
  readonly write?: (value: V) => unknown
  readonly headers?: Readonly<Record<string, string>>
}

type Described = z.ZodType | Shape<never>

/** The type that a handler returns for a schema or a shape. */
export type ValueOf<D> = D extends z.ZodType ? Wire<D> : D extends Shape<infer V> ? V : never

interface AnswerOptions {
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer in JSON. */
export function answer<S extends number, D extends Described>(
  status: S,
  described: D,
  description: string,
  { headers = {} }: AnswerOptions = {},
): Answer<S, ValueOf<D>> {
  const isSchema = described instanceof z.ZodType
  const write = isSchema ? (value: unknown) => value : (described.write as (value: unknown) => unknown)
  return {
    status,
    description,
    headers,
    write,
    schema: isSchema ? described : described.schema,
    respond: (value) => Response.json(write(value), { status, headers }),
  }
}

/**
 * Adds keys to an answer whose schema is, or is a union with, the schema that has the id `to`. `write` computes them from the
 * handler's value.
 */
export function addKeys<V>(
  { to, keys }: { readonly to: string; readonly keys: z.ZodObject },
  write: (value: V) => Readonly<Record<string, unknown>>,
): (answer: Answer) => Answer {
  const extended = new Map<z.ZodType, z.ZodType>()
  const extend = (schema: z.ZodType): z.ZodType => {
    if (schema instanceof z.ZodUnion) return z.union(schema.options.map((option) => extend(option as z.ZodType)))
    if (!(schema instanceof z.ZodObject) || schema.meta()?.id !== to) return schema
    const known = extended.get(schema) ?? schema.extend(keys.shape).meta(keys.meta() ?? {})
    extended.set(schema, known)
    return known
  }
  return ({ status, schema, description, headers, write: writeOwn, ...rest }) => {
    if (!schema || !writeOwn) throw new TypeError(`answer ${status} has no keys`)
    const both = (value: never) => ({ ...(writeOwn(value) as object), ...write(value) })
    return {
      ...rest,
      ...answer(status, mapped(extend(schema), both as never), description, { headers: headers ?? {} }),
    }
  }
}

export const ok = <D extends Described>(described: D, description = 'Done', options: AnswerOptions = {}) =>
  answer(200, described, description, options)

export const created = <D extends Described>(described: D, description = 'Created') =>
  answer(201, described, description)

/** A page for people, with the status of the page. */
export const htmlPage: Answer<200, Page> = {
  status: 200,
  description: 'A page',
  contentType: 'text/html',
  respond: (page) => answerPage(page),
}

/** A response that the handler builds itself: a file, a redirect, a WebSocket. */
export const response = <S extends number>(
  status: S,
  description: string,
  content: Pick<Answer, 'schema' | 'contentType'> = {},
): Answer<S, Response> => ({ status, description, ...content, respond: (value) => value })

/** The value for one of several answers, by status. */
export interface Reply<Status extends number, V> {
  readonly status: Status
  readonly value: V
}

export const reply = <const Status extends number, V>(status: Status, value: V): Reply<Status, V> => ({ status, value })

type Values<A> = A extends readonly (infer One)[]
  ? One extends Answer<infer S, infer V>
    ? Reply<S, V>
    : never
  : A extends Answer<number, infer V>
    ? V
    : ValueOf<A>

/** A value and headers that depend on the request: a count, a lifetime. */
class WithHeaders<V> {
  readonly value: V
  readonly headers: Readonly<Record<string, string>>
  constructor(value: V, headers: Readonly<Record<string, string>>) {
    this.value = value
    this.headers = headers
  }
}

export const withHeaders = <V>(value: V, headers: Readonly<Record<string, string>>): WithHeaders<V> =>
  new WithHeaders(value, headers)

/** What a handler returns: the value of its route's only answer, or a reply that names one of several. */
export type ResultOf<A> = Values<A> | WithHeaders<Values<A>>

export type Declared = Described | Answer | readonly Answer[]

const isAnswer = (declared: Described | Answer): declared is Answer => 'respond' in declared

/** The declared answers as a list; a schema or a shape alone is a 200. */
export const answersOf = (declared: Declared): readonly Answer[] =>
  Array.isArray(declared)
    ? (declared as readonly Answer[])
    : [isAnswer(declared as Described | Answer) ? (declared as Answer) : (ok(declared as Described) as Answer)]

/** The response for what the handler returned. */
export function respond(declared: Declared, answers: readonly Answer[], result: unknown): Response {
  if (result instanceof WithHeaders) {
    const response = respond(declared, answers, result.value)
    for (const [name, value] of Object.entries(result.headers)) response.headers.set(name, value)
    return response
  }
  const [first] = answers
  if (!Array.isArray(declared)) return (first as Answer<number, unknown>).respond(result)
  const { status, value } = result as Reply<number, unknown>
  const chosen = answers.find((it) => it.status === status) as Answer<number, unknown> | undefined
  if (!chosen) throw new TypeError(`the route declares no answer ${status}`)
  return chosen.respond(value)
}
