import { type SQL, sql } from 'drizzle-orm'
import type { Comparison, Condition, FilterValue } from '../rules/filter.ts'
import { type AttributePath, fold } from '../rules/schema.ts'

/** How the attributes of a type of resource stand in its table. */
export interface Columns {
  /** By the names of the schema, joined by dots; those of texts have folded keys unless the schema compares with case. */
  readonly of: Readonly<Record<string, Column>>
  /** Everything else: JSON with folded texts. Null where there is nothing else. */
  readonly json: SQL | null
  /** Lists that are tables. `where` says what of an element is asked. */
  readonly lists: Readonly<Record<string, ListColumns>>
}

interface Column {
  readonly sql: SQL
  readonly isCaseExact?: boolean
  /** Few resources have the same. */
  readonly isKey?: boolean
}

interface ListColumns {
  readonly of: Readonly<Record<string, Column>>
  readonly exists: (where: SQL) => SQL
}

/** A condition that SQL answers, whether an index finds what it matches, and whether that is little. */
interface Compiled {
  readonly sql: SQL
  readonly isIndexed: boolean
  readonly isFew?: boolean
}

/** The names come from the schema table: they have no quotes. */
const nameOf = (path: AttributePath): string => path.map(({ name }) => name).join('.')
const jsonPath = (path: AttributePath): SQL => sql.raw(`'$.${path.map(({ name }) => `"${name}"`).join('.')}'`)

const bound = (value: FilterValue, isCaseExact = false): string | number =>
  typeof value === 'string' ? (isCaseExact ? value : fold(value)) : Number(value)

const OPERATORS = { gt: '>', ge: '>=', lt: '<', le: '<=' } as const

/** `ne` also holds where there is no value. Without LIKE: D1 bounds its patterns at 50 bytes. */
function compare(left: SQL, op: Comparison, value: string | number): SQL {
  const length = sql.raw(String([...String(value)].length))
  switch (op) {
    case 'eq':
      return sql`${left} = ${value}`
    case 'ne':
      return sql`${left} is not ${value}`
    case 'co':
      return sql`instr(${left}, ${value}) > 0`
    case 'sw':
      return sql`substr(${left}, 1, ${length}) = ${value}`
    case 'ew':
      return value === '' ? sql`${left} is not null` : sql`substr(${left}, -${length}) = ${value}`
    default:
      return sql`${left} ${sql.raw(OPERATORS[op])} ${value}`
  }
}

const unindexed = (condition: SQL): Compiled => ({ sql: condition, isIndexed: false })

/** SQL of a filter, with bound values. In a negation what has no value is compared as false, not as unknown. */
export function compile(columns: Columns, condition: Condition): Compiled {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.of.map((one) => compile(columns, one))
      return {
        sql: join(parts, sql` and `),
        isIndexed: parts.some(({ isIndexed }) => isIndexed),
        isFew: parts.some(isFew),
      }
    }
    case 'or': {
      const parts = condition.of.map((one) => compile(columns, one))
      return {
        sql: join(parts, sql` or `),
        isIndexed: parts.every(({ isIndexed }) => isIndexed),
        isFew: parts.every(isFew),
      }
    }
    case 'not':
      return unindexed(sql`not ifnull(${compile(columns, condition.of).sql}, 0)`)
    case 'present':
      return unindexed(present(columns, condition.path))
    case 'compare':
      return compileComparison(columns, condition)
    case 'element':
      return compileElement(columns, condition)
  }
}

const isFew = (part: Compiled): boolean => part.isFew === true

const join = (parts: readonly Compiled[], by: SQL): SQL =>
  sql`(${sql.join(
    parts.map((part) => part.sql),
    by,
  )})`

const INDEXED: ReadonlySet<Comparison> = new Set<Comparison>(['eq', 'gt', 'ge', 'lt', 'le'])

function compileComparison(columns: Columns, { path, op, value }: Extract<Condition, { kind: 'compare' }>): Compiled {
  const column = columns.of[nameOf(path)]
  if (!column) return unindexed(compare(jsonIn(columns, path), op, bound(value)))
  const condition = compare(column.sql, op, bound(value, column.isCaseExact))
  return { sql: condition, isIndexed: INDEXED.has(op), isFew: op === 'eq' && column.isKey === true }
}

const jsonIn = ({ json }: Columns, path: AttributePath): SQL =>
  json ? sql`json_extract(${json}, ${jsonPath(path)})` : sql`null`

function present(columns: Columns, path: AttributePath): SQL {
  const name = nameOf(path)
  const list = columns.lists[name]
  if (list && columns.json === null) return list.exists(sql`1`)
  if (list && !path.some(({ mutability }) => mutability !== 'readOnly')) return list.exists(sql`1`)
  const value = columns.of[name]?.sql ?? jsonIn(columns, path)
  return sql`(${value} is not null and ${value} <> '')`
}

/** `eq` of the value of an element, which a table of its own finds. */
function valuesOf(condition: Condition): readonly FilterValue[] {
  const parts = condition.kind === 'and' ? condition.of : [condition]
  return parts.flatMap((one) =>
    one.kind === 'compare' && one.op === 'eq' && one.path[0].name === 'value' ? [one.value] : [],
  )
}

function compileElement(columns: Columns, { path, of }: Extract<Condition, { kind: 'element' }>): Compiled {
  const name = nameOf(path)
  const list = columns.lists[name]
  if (list && path.every(({ mutability }) => mutability === 'readOnly' || columns.json === null)) {
    const inner = compile({ of: list.of, json: null, lists: {} }, of)
    return { sql: list.exists(inner.sql), isIndexed: inner.isIndexed }
  }
  const element = compile({ of: {}, json: sql.raw('element.value'), lists: {} }, of)
  const exists = sql`exists (select 1 from json_each(${columns.json}, ${jsonPath(path)}) as element where ${element.sql})`
  const [value] = valuesOf(of)
  if (!list || value === undefined) return unindexed(exists)
  return {
    sql: sql`(${list.exists(sql`${list.of.value?.sql} = ${bound(value)}`)} and ${exists})`,
    isIndexed: true,
    isFew: true,
  }
}
