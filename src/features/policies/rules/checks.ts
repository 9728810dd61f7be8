import type { Steps } from '../../../lib/matching.ts'
import type { Outcome, PolicyContent, Question, Violation } from '../types.ts'

/** One evaluation: its question, what it may still do, and the texts that it has read already. */
export interface Run {
  readonly question: Question
  readonly steps: Steps
  readonly dates: Map<string, number | undefined>
  readonly addresses: Map<string, string | undefined>
}

/** One of the things that must hold for a policy to apply. */
export interface Check {
  /** Where it stands in the policy: `['conditions', 'StringEquals', 'context.department']`. */
  readonly path: Path
  readonly decide: (run: Run) => 'holds' | Outcome
}

export type Effect = PolicyContent['effect']
export type Path = Violation['path']

/** What a part of a policy asks for, and what is wrong with it. */
export interface Read {
  readonly checks: readonly Check[]
  readonly violations: readonly Violation[]
}

export const NOTHING: Read = { checks: [], violations: [] }

export const oneCheck = (path: Path, decide: Check['decide']): Read => ({
  checks: [{ path, decide }],
  violations: [],
})

export const violation = (path: Path, message: string, limit?: number): Read => ({
  checks: [],
  violations: [limit === undefined ? { path, message } : { path, message, limit }],
})

export const joined = (parts: readonly Read[]): Read => ({
  checks: parts.flatMap(({ checks }) => checks),
  violations: parts.flatMap(({ violations }) => violations),
})
