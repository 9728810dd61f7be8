import * as z from 'zod'
import { mapped, type Shape, withHeaders } from './answers.ts'
import { integerParam } from './input.ts'

// The pagination styles of documented clients. Each route names its own; services know only `Range`.

/** A part of a list. */
export interface Range {
  readonly offset: number
  readonly limit: number
}

const MAX_OFFSET = 1_000_000

/** `limit` and `offset`. */
export const RangeQuery = z.object({
  limit: integerParam(1, 100).default(50),
  offset: integerParam(0, MAX_OFFSET).default(0),
})

interface PageLimits {
  readonly most?: number
  readonly usual?: number
  readonly last?: number
}

/** `page` and `per_page`, counted from 1. */
export const pageQuery = ({ most = 100, usual = 20, last = 1_000_000 }: PageLimits = {}) =>
  z.object({ page: integerParam(1, last).default(1), per_page: integerParam(1, most).default(usual) })

export const rangeOfPage = ({ page, per_page }: { readonly page: number; readonly per_page: number }): Range => ({
  offset: (page - 1) * per_page,
  limit: per_page,
})

/** The page in which a range begins. */
export const pageOfRange = ({ offset, limit }: Range) => ({ page: Math.floor(offset / limit) + 1, per_page: limit })

/** `skip` and `limit` beside another style; absent ones are undefined. */
export const skipQuery = ({ most = 100, last = MAX_OFFSET }: PageLimits = {}) =>
  z.object({ skip: integerParam(0, last).optional(), limit: integerParam(1, most).optional() })

type Rows<V> = { readonly rows: readonly V[] }

/** Rows under one or several names, with further keys. */
export function listOf<N extends string, V, S extends z.ZodType, const K extends z.ZodRawShape>(
  names: readonly N[],
  row: Shape<V, S>,
  keys: K,
) {
  const named = <T>(value: T) => Object.fromEntries(names.map((name) => [name, value])) as Record<N, T>
  const schema = z.object({ ...named(z.array(row.schema)), ...keys })
  return mapped(schema, ({ rows, ...rest }: Rows<V> & z.infer<z.ZodObject<K>>) => {
    const wire = rows.map(row.write)
    return { ...named(wire), ...rest } as never
  })
}

/** Rows under their name, and the requested range. */
export const rangeOf = <N extends string, V, S extends z.ZodType, const K extends z.ZodRawShape>(
  name: N,
  row: Shape<V, S>,
  keys: K = {} as K,
) => listOf([name], row, { ...keys, limit: z.int(), offset: z.int() })

/** A page as a bare array. */
export const arrayOf = <V, S extends z.ZodType>(row: Shape<V, S>) =>
  mapped(z.array(row.schema), (rows: readonly V[]) => rows.map(row.write) as never)

/** The rows of a bare array; their total is in `X-Total-Count`. */
export const withTotal = <V>({ rows, total }: Rows<V> & { readonly total: number }) =>
  withHeaders(rows, { 'X-Total-Count': String(total) })
