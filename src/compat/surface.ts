import type { Answer } from '../http/answers.ts'
import type { Route, Routes } from '../http/router.ts'

/** Which requests of a core route count against their user's hourly limit. */
export type CountsHourly = (route: Pick<Route, 'method' | 'path'>) => ((request: Request) => boolean) | undefined

/** A documented system: its own routes, and the core routes that it documents too. */
export interface Surface {
  readonly routes: readonly Routes[]
  /** `POST /api/v1/auth/login`: core routes that stand in the system's OpenAPI document too. */
  readonly documents: readonly string[]
  /** By core route: adds the system's keys to its answer. */
  readonly adds?: Readonly<Record<string, (answer: Answer) => Answer>>
  readonly countsHourly?: CountsHourly
}
