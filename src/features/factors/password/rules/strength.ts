import { MAX_PASSWORD_LENGTH, passwordLength } from '../../../../lib/password-hash/length.ts'
import { findPattern } from './patterns.ts'

export type PasswordWeakness =
  | 'too_short'
  | 'too_long'
  | 'not_text'
  | 'common'
  | 'personal'
  | 'repeated'
  | 'sequential'
  | 'breached'

/** The password must be none of these. */
export interface PasswordOwner {
  readonly email: string
  readonly username?: string | null | undefined
  readonly firstName?: string | null | undefined
  readonly lastName?: string | null | undefined
  readonly displayName?: string | null | undefined
}

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

/** Without spaces, and without digits and signs around the word. */
const coreOf = (text: string): string => fold(text).replace(/^[^\p{L}]+|[^\p{L}]+$|\s+/gu, '')

function personalWords({ email, username, firstName, lastName, displayName }: PasswordOwner): string[] {
  const localPart = email.slice(0, email.lastIndexOf('@'))
  // Systems with one name field: its first and last words are first and last name.
  const parts = displayName?.trim().split(/\s+/) ?? []
  const names = [firstName, lastName, displayName, ...parts, username].flatMap((name) => name ?? [])
  const fullNames = [
    [firstName, lastName],
    [parts.at(0), parts.at(-1)],
  ].flatMap(([first, last]) => (first && last ? [`${first}${last}`, `${last}${first}`] : []))
  return [email, localPart, ...names, ...fullNames].filter((word) => word.length >= 3)
}

/** Whether it is the owner's address, its local part or a name, apart from digits and signs around it. */
function isPersonal(password: string, owner: PasswordOwner): boolean {
  const core = coreOf(password)
  return personalWords(owner).some((word) => {
    const wordCore = coreOf(word)
    const isCore = wordCore.length >= 3 && (core === wordCore || core === wordCore + wordCore)
    return isCore || fold(password) === fold(word)
  })
}

export interface PasswordPolicy {
  /** In code points. */
  readonly minLength: number
  readonly owner: PasswordOwner
  /** Names of the application and its host. */
  readonly names: readonly string[]
  readonly isCommon: (folded: string) => boolean
}

/** Removes the names of the owner and of the deployment, with and without their spaces; longest first. */
function withoutNames(folded: string, { owner, names }: PasswordPolicy): string {
  const words = [...personalWords(owner), ...names].flatMap((name) => [fold(name), fold(name).replace(/\s+/g, '')])
  // An address is removed whole: its domain is not a name.
  const parts = words.flatMap((word) => (word.includes('@') ? [word] : [word, ...word.split(/[^\p{L}\p{N}]+/u)]))
  const known = [...new Set(parts)].filter((word) => word.length >= 3).sort((one, other) => other.length - one.length)
  return known.reduce((rest, word) => rest.replaceAll(word, ''), folded)
}

/** NIST SP 800-63B 5.1.1.2: repetitive and sequential characters, also beside a name. */
function findPatterns(password: string, policy: PasswordPolicy): PasswordWeakness[] {
  const folded = fold(password)
  const pattern = findPattern(folded)
  if (pattern !== null) return [pattern]
  const rest = withoutNames(folded, policy)
  return rest !== folded && findPattern(rest) !== null ? ['personal'] : []
}

/** The weaknesses of a new password, except breaches. Patterns are reported only when there is no other weakness. */
export function findWeaknesses(password: string, policy: PasswordPolicy): PasswordWeakness[] {
  const length = passwordLength(password)
  const checks: readonly (readonly [PasswordWeakness, boolean])[] = [
    ['too_short', length < policy.minLength],
    ['too_long', length > MAX_PASSWORD_LENGTH],
    // Lone surrogates all become the same bytes; a NUL ends the password in other systems.
    ['not_text', !password.isWellFormed() || password.includes('\0')],
    ['common', policy.isCommon(fold(password))],
    ['personal', isPersonal(password, policy.owner)],
  ]
  const found = checks.flatMap(([weakness, holds]) => (holds ? [weakness] : []))
  return found.length > 0 ? found : findPatterns(password, policy)
}
