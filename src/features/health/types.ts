/** `failed` answered with an error, `silent` did not answer in time. */
export type Condition = 'healthy' | 'failed' | 'silent'

export interface Check {
  readonly condition: Condition
  readonly durationMs: number
  /** Nobody can be served without it. */
  readonly isCritical: boolean
}

export const STORES = ['database', 'kv', 'user_authority', 'sign_in_guard', 'revocation_feed', 'event_hub'] as const

export type StoreName = (typeof STORES)[number]

/** What every store answered, at one moment. */
export interface HealthReport {
  readonly at: number
  readonly checks: Readonly<Record<StoreName, Check>>
}
