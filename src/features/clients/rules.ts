/** `introspect`, `events:read`, or a permission of the application's own: `orders:write`. */
export const SCOPE = /^[a-z0-9][a-z0-9:_*.-]{0,99}$/

/** RFC 6749 3.3: scopes are separated by one space; their order says nothing. */
export const parseScope = (scope: string): string[] => [...new Set(scope.split(' ').filter((part) => part !== ''))]

/** What of `granted` is asked for: all when nothing is; undefined when something is asked that is not granted. */
export function selectScopes(granted: readonly string[], asked: string | undefined): readonly string[] | undefined {
  if (asked === undefined) return granted
  const scopes = parseScope(asked)
  return scopes.length > 0 && scopes.every((scope) => granted.includes(scope)) ? scopes : undefined
}
