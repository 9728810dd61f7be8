import type { FactName, Facts, FrameworkId, GatheredFacts, Result } from '../types.ts'

export type Family = 'access' | 'authentication' | 'protection' | 'record' | 'operation' | 'data' | 'organization'

/** Clauses of each framework. */
export type Serves = Readonly<Partial<Record<FrameworkId, readonly string[]>>>

interface Described {
  readonly id: string
  readonly title: string
  readonly serves: Serves
}

export interface Control extends Described {
  readonly family: Family
  /** As people read it; null for what the service cannot know. */
  readonly threshold: string | null
  /** The fact that decides; null for what the service cannot know. */
  readonly fact: FactName | null
  /** What a control is found to be by the facts of a day. Pure. */
  readonly assess: (facts: GatheredFacts) => Result
}

interface Threshold {
  readonly text: string
  readonly holds: (value: number) => boolean
}

export const atMost = (most: number, unit: string): Threshold => ({
  text: `at most ${most} ${unit}`,
  holds: (value) => value <= most,
})

export const none = (unit: string): Threshold => ({ text: `no ${unit}`, holds: (value) => value === 0 })

export const atLeast = (least: number, unit: string): Threshold => ({
  text: `at least ${least} ${unit}`,
  holds: (value) => value >= least,
})

/** For what is so or not: 1 or 0. */
export const is = (text: string): Threshold => ({ text, holds: (value) => value === 1 })

interface Tested<F extends FactName> extends Described {
  readonly fact: F
  readonly measure: (fact: Facts[F]) => number | boolean
  readonly threshold: Threshold
}

/** A control that is computed. */
export const tested =
  (family: Family) =>
  <F extends FactName>({ fact, measure, threshold, ...described }: Tested<F>): Control => ({
    ...described,
    family,
    fact,
    threshold: threshold.text,
    assess(facts) {
      const known = facts[fact]
      if ('reason' in known)
        return { status: 'not_tested', value: null, threshold: threshold.text, reason: known.reason }
      const value = Number(measure(known.value))
      const status = threshold.holds(value) ? 'pass' : 'fail'
      return { status, value: Math.round(100 * value) / 100, threshold: threshold.text, reason: null }
    },
  })

/** What the service cannot know: somebody else shows it. */
export const outside = ({ reason, ...described }: Described & { readonly reason: string }): Control => ({
  ...described,
  family: 'organization',
  fact: null,
  threshold: null,
  assess: () => ({ status: 'not_tested', value: null, threshold: null, reason }),
})
