// A URL object costs more than the rest of what is done with a request's address.

/** The path as every route sees it. A spelling that the URL parser rewrites goes through the parser first. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.slice(start).search(/[?#]/)
  const path = start < 0 ? '/' : url.slice(start, end < 0 ? undefined : start + end)
  return /\/\.|%2e|\\/i.test(path) ? new URL(url).pathname : path
}

/** The query with its question mark; empty without one. */
export function searchOf(url: string): string {
  const start = url.indexOf('?')
  if (start < 0) return ''
  return url.includes('#') ? new URL(url).search : url.slice(start)
}
