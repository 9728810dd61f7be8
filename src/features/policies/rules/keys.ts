import type { Question } from '../types.ts'
import { isObject, LIMITS } from './limits.ts'

/** What the values of a key are; `json`: only the question tells. */
export type Kind = 'string' | 'strings' | 'date' | 'bool' | 'ip' | 'json'

/** A value that is there but cannot be what a key stands for: `context.a.b` where `context.a` is a text. */
export const UNREADABLE = Symbol('unreadable')

export interface Key {
  readonly kind: Kind
  /** The value, undefined when there is none, or UNREADABLE. */
  readonly read: (question: Question) => unknown
}

/** What the service knows. An address counts when it is verified: anybody can sign up with another's. */
const KNOWN: ReadonlyMap<string, Key> = new Map<string, Key>([
  ['subject.id', { kind: 'string', read: ({ subject }) => subject.id ?? undefined }],
  ['subject.status', { kind: 'string', read: ({ subject }) => subject.status ?? undefined }],
  [
    'subject.email',
    { kind: 'string', read: ({ subject }) => (subject.emailVerified ? (subject.email ?? undefined) : undefined) },
  ],
  ['subject.email_verified', { kind: 'bool', read: ({ subject }) => subject.emailVerified }],
  ['subject.roles', { kind: 'strings', read: ({ subject }) => subject.roles }],
  ['resource.type', { kind: 'string', read: ({ resource }) => resource.type }],
  ['resource.id', { kind: 'string', read: ({ resource }) => resource.id ?? undefined }],
  ['environment.time', { kind: 'date', read: ({ environment }) => new Date(environment.time) }],
  ['environment.ip', { kind: 'ip', read: ({ environment }) => environment.ip ?? undefined }],
  ['environment.acr', { kind: 'string', read: ({ environment }) => environment.acr ?? undefined }],
])

/** The key of that name; undefined when there is none. */
export function findKey(name: string): Key | undefined {
  const known = KNOWN.get(name)
  if (known) return known
  const [root, ...rest] = name.split('.')
  if (root === 'context') return contextKey(rest)
  if (root === 'subject' && rest[0] === 'attributes')
    return keyWithin(rest.slice(1), ({ subject }) => subject.attributes)
  return undefined
}

/** What the caller supplied under these names. */
export const contextKey = (path: readonly string[]): Key | undefined => keyWithin(path, ({ context }) => context)

function keyWithin(path: readonly string[], rootOf: (question: Question) => unknown): Key | undefined {
  if (path.length === 0 || path.length > LIMITS.contextDepth || path.includes('')) return undefined
  return { kind: 'json', read: (question) => readPath(rootOf(question), path) }
}

/** Own members only: `constructor` and `__proto__` are names as any other. A null holds nothing, not even something unreadable. */
function readPath(root: unknown, path: readonly string[]): unknown {
  let value = root
  for (const name of path) {
    if (value === undefined || value === null) return value
    if (!isObject(value)) return UNREADABLE
    value = Object.hasOwn(value, name) ? value[name] : undefined
  }
  return value
}
