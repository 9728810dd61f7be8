import type { Answer } from '../http/answers.ts'
import type { Route, Routes } from '../http/router.ts'

/** Which requests of a core route count against the hour of their user. */
export type CountsHourly = (route: Pick<Route, 'method' | 'path'>) => ((request: Request) => boolean) | undefined

/** A documented system: what it serves itself, and what of the core it documents too. */
export interface Surface {
  readonly routes: readonly Routes[]
  /** `POST /api/v1/auth/login`: core routes that stand in the system's OpenAPI document too. */
  readonly documents: readonly string[]
  /** Keys of the system's own in answers of the core, by route. */
  readonly adds?: Readonly<Record<string, (answer: Answer) => Answer>>
  readonly countsHourly?: CountsHourly
}
