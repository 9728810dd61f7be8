import { isDeeperThan, jsonBytesOf } from '../../../lib/json.ts'
import type { Violation } from '../types.ts'

/** Sizes in bytes of JSON as UTF-8, lengths in UTF-16 units. */
export const LIMITS = {
  policiesPerScope: 1000,
  /** Of all policies of a scope. */
  scopeBytes: 1024 * 1024,
  policyBytes: 16 * 1024,
  conditions: 50,
  valuesOfACondition: 100,
  actions: 100,
  patternLength: 256,
  contextBytes: 16 * 1024,
  /** `{}` is 1 deep. */
  contextDepth: 8,
  /** An evaluation that needs more answers no. About 10 ms. */
  evaluationSteps: 1_000_000,
} as const

/** What is wrong with the context of a question, an object from JSON. */
export function findContextViolations(context: unknown): Violation[] {
  const at = { path: ['context'] }
  if (!isObject(context)) return [{ ...at, message: 'must be an object' }]
  const { contextDepth, contextBytes } = LIMITS
  // The depth first: the size is found by recursion.
  if (isDeeperThan(contextDepth, context)) {
    return [{ ...at, message: `nests deeper than ${contextDepth}`, limit: contextDepth }]
  }
  if (jsonBytesOf(context) <= contextBytes) return []
  return [{ ...at, message: `is larger than ${contextBytes} bytes`, limit: contextBytes }]
}

/** An object of JSON: no list, no null. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
