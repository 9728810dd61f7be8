/** `resource:action[:self]`, each of the first two a name or `*`. */
const PERMISSION = /^(\*|[a-z0-9_-]{1,64}):(\*|[a-z0-9_-]{1,64})(:self)?$/

/** What owners hold: it contains every permission, and is in no other. */
export const EVERYTHING = '*'

/** Whether it may be granted. */
export const isPermission = (text: string): boolean => text === EVERYTHING || PERMISSION.test(text)

const orWildcard = (part: string): readonly string[] => (part === '*' ? ['*'] : [part, '*'])

/**
 * Every permission that contains this one, itself included: nine at most. A wildcard stands for any name, and for a
 * wildcard; what is granted for everybody's is granted for one's own (`users:update` contains `users:update:self`). A text
 * that is no permission is in `*` alone.
 */
export function containersOf(permission: string): readonly string[] {
  const [, resource, action, self] = PERMISSION.exec(permission) ?? []
  if (resource === undefined || action === undefined) return [EVERYTHING]
  const containers = [EVERYTHING]
  for (const one of orWildcard(resource)) {
    for (const other of orWildcard(action)) {
      containers.push(`${one}:${other}`)
      if (self) containers.push(`${one}:${other}:self`)
    }
  }
  return containers
}

/** Whether one of the permissions that are held contains this one. */
export const isGranted = (permission: string, holds: (held: string) => boolean): boolean =>
  containersOf(permission).some(holds)

/** Those of `wanted` that `held` does not contain: nobody gives more than they hold. */
export function missingFrom(held: Iterable<string>, wanted: readonly string[]): string[] {
  const all = new Set(held)
  return wanted.filter((permission) => !isGranted(permission, (one) => all.has(one)))
}
