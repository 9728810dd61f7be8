import type { Routes } from '../http/router.ts'

/** A documented system: what it serves itself, and what of the core it documents too. */
export interface Surface {
  readonly routes: readonly Routes[]
  /** `POST /api/v1/auth/login`: core routes that stand under the system's tag in the OpenAPI document. */
  readonly documents: readonly string[]
}
