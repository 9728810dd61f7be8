import type { FrameworkId, GatheredFacts, Results } from '../types.ts'
import type { Control } from './control.ts'
import { ACCESS } from './controls/access.ts'
import { ORGANIZATION } from './controls/organization.ts'
import { PROTECTION } from './controls/protection.ts'
import { RECORD } from './controls/record.ts'

/** Every control. Ids are stored with results: they stay. */
export const CONTROLS: readonly Control[] = [...ACCESS, ...PROTECTION, ...RECORD, ...ORGANIZATION]

export const controlsOf = (framework: FrameworkId | undefined): readonly Control[] =>
  framework === undefined ? CONTROLS : CONTROLS.filter(({ serves }) => serves[framework])

/** The results of all controls by the facts of a day. */
export const assess = (facts: GatheredFacts): Results =>
  Object.fromEntries(CONTROLS.map((control) => [control.id, control.assess(facts)]))
