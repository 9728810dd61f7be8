export type JsonObject = Readonly<Record<string, unknown>>

/** What a policy says. The rest of its row says whose it is and how it is called. */
export interface PolicyContent {
  /** `{allow: {subject, action, resource}, deny: {…}}`: patterns. */
  readonly rules: JsonObject
  readonly effect: 'allow' | 'deny'
  readonly priority: number
  readonly targetType: 'user' | 'role' | 'organization' | 'global' | null
  readonly targetId: string | null
  /** Both are patterns. */
  readonly resourceType: string | null
  readonly resourcePattern: string | null
  /** Patterns; none: every action. */
  readonly actions: readonly string[]
  /** `{operator: {key: value or values}}`, and Janua's own four keys. */
  readonly conditions: JsonObject
}

/** What an evaluation needs of a policy's row. */
export interface EvaluatedPolicy extends PolicyContent {
  readonly id: string
  readonly enabled: boolean
  /** Epoch milliseconds; from then on the policy does not apply. */
  readonly expiresAt: number | null
}

/** What is asked. Everything but `context` comes from the service, so that no caller can state it. */
export interface Question {
  /** A role that is asked about has no id, status and address. */
  readonly subject: {
    readonly id: string | null
    readonly status: string | null
    readonly email: string | null
    readonly emailVerified: boolean
    readonly roles: readonly string[]
    readonly attributes: JsonObject
  }
  readonly organizationId: string | null
  readonly resource: { readonly type: string; readonly id: string | null }
  readonly action: string
  readonly context: JsonObject
  readonly environment: {
    /** Epoch milliseconds. */
    readonly time: number
    readonly ip: string | null
    readonly acr: string | null
  }
}

/** A place in what was sent, in its names, and what is wrong there. */
export interface Violation {
  readonly path: readonly (string | number)[]
  readonly message: string
  /** The number that was exceeded. */
  readonly limit?: number
}

/** Why a part of a policy does not hold; `unreadable`: a later release wrote it. */
export type Outcome = 'not_met' | 'missing' | 'wrong_type' | 'unreadable'

export interface Decision {
  readonly allowed: boolean
  /** Ids of all policies that apply, the highest priority first. */
  readonly matchedPolicies: readonly string[]
  /** The first of them that denies. */
  readonly deniedBy: string | null
  /** Null when it is allowed. */
  readonly reason: 'denied_by_policy' | 'no_matching_policy' | 'evaluation_limit' | null
}

export interface Explanation {
  /** The policy's; null of one that the caller may not read, of which nothing else is said than whether it applies. */
  readonly id: string | null
  readonly effect: 'allow' | 'deny'
  readonly applies: boolean
  /** The first part that does not hold, named as on the wire: `conditions.Bool.context.remote`. */
  readonly failed: { readonly at: string; readonly reason: Outcome | 'evaluation_limit' } | null
}
