import type { Child } from 'hono/jsx'
import { en, type TextKey } from './en.ts'

/** A text of a page; a value may be an element. */
export function tell(key: TextKey, values: Readonly<Record<string, Child>> = {}): Child {
  // The split has the names at odd places.
  return en[key].split(/\{(\w+)\}/).map((part, index) => (index % 2 === 0 ? part : values[part]))
}

/** As `tell`, where no element may stand. */
export const textOf = (key: TextKey): string => en[key]

/** The text of a refusal. */
export function problemOf(code: string): TextKey {
  const key = `problem.${code}`
  return Object.hasOwn(en, key) ? (key as TextKey) : 'problem.other'
}
