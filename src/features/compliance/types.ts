import type { Config } from '../../config.ts'
import type { Retention } from '../retention/types.ts'

export const FRAMEWORK_IDS = ['soc2', 'iso27001', 'gdpr', 'hipaa', 'pci_dss', 'ccpa'] as const
export type FrameworkId = (typeof FRAMEWORK_IDS)[number]

export const CONTROL_STATUSES = ['pass', 'fail', 'not_tested'] as const
export type ControlStatus = (typeof CONTROL_STATUSES)[number]

/** What a control was found to be on a day. The threshold stands with it: a later release may have another. */
export interface Result {
  readonly status: ControlStatus
  readonly value: number | null
  readonly threshold: string | null
  /** Why it was not tested. */
  readonly reason: string | null
}

/** By the ids of controls. */
export type Results = Readonly<Record<string, Result>>

/** The signed head of the record's chain that results rest on. */
export interface RestsOn {
  readonly number: number
  readonly hash: string
}

/** The results of one day in UTC. */
export interface AssessedDay {
  /** Days since the epoch. */
  readonly day: number
  readonly assessedAt: number
  readonly results: Results
  /** Null before the first block of the chain. */
  readonly head: RestsOn | null
}

/** What is known of the running system, as it was gathered at one time. */
export interface Facts {
  readonly settings: Config
  readonly admins: {
    readonly total: number
    readonly oneFactor: number
    readonly unseen: number
    readonly unconfirmed: number
  }
  /** Accounts that may not sign in, and have open sessions. */
  readonly closedAccounts: { readonly withSessions: number }
  readonly expiredAccess: { readonly left: number }
  readonly machines: { readonly old: number }
  readonly connections: { readonly broken: number }
  readonly passwords: { readonly weak: number }
  /** Wrong passwords that the guard let through before it locked. */
  readonly lockout: { readonly attempts: number }
  /** For how many days longer than configured it has signed. */
  readonly signingKey: { readonly overdueDays: number }
  /** Rows sealed under another root secret than the present. */
  readonly seals: { readonly former: number }
  /** For how many days longer than a session lives a former root secret has been accepted; 0 without one. */
  readonly formerSecret: { readonly overdueDays: number }
  /** Security headers that an answer of the service lacks. */
  readonly ownAnswer: { readonly missing: number }
  readonly chain: { readonly findings: number }
  readonly record: { readonly unsealed: number; readonly headAgeHours: number }
  readonly copies: { readonly patterns: readonly string[] }
  readonly delivery: { readonly undelivered: number }
  readonly deadLetters: { readonly lastDay: number }
  readonly mails: { readonly sent: number; readonly dead: number }
  readonly webhooks: { readonly disabled: number }
  readonly stores: { readonly unhealthy: number }
  readonly retention: Retention
  readonly pruning: { readonly overdue: number }
  readonly erasures: { readonly overdue: number }
  /** What people asked about their data, and nobody has answered in time. */
  readonly requests: { readonly overdue: number }
}

export type FactName = keyof Facts

/** A fact, or why it is not known. */
export type Gathered<T> = { readonly value: T } | { readonly reason: string }
export type GatheredFacts = { readonly [N in FactName]: Gathered<Facts[N]> }

export interface Report {
  readonly id: string
  readonly title: string
  readonly framework: FrameworkId
  /** The first and the last day, in days since the epoch. */
  readonly fromDay: number
  readonly toDay: number
  /** In tenths of a percent; null when nothing was tested. */
  readonly score: number | null
  readonly content: ReportContent
  readonly createdAt: number
}

export interface ReportContent {
  readonly daysAssessed: number
  readonly controls: readonly ControlRecord[]
  /** The heads of the chain that its days rest on, oldest first. */
  readonly heads: readonly (RestsOn & { readonly day: number })[]
}

/** How a control did over a period. */
export interface ControlRecord {
  readonly controlId: string
  readonly title: string
  /** Of the framework. */
  readonly clauses: readonly string[]
  readonly passed: number
  readonly failed: number
  /** Days without a result, those on which nothing was assessed among them. */
  readonly notTested: number
  /** Of the days on which it was tested, from 0 to 1; null when it never was. */
  readonly share: number | null
  /** The newest value, threshold and reason of the period. */
  readonly last: Result | null
  /** Days on which it failed: the newest hundred, newest first. */
  readonly failedDays: readonly number[]
}
