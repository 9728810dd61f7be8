const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/**
 * An absolute http(s) address of one of `origins`, compared as the URL parser reads it, never as text: browsers read
 * `https:\\evil`, `//evil` and user-info tricks as the parser does. Undefined for anything else.
 */
export function findAllowedRedirect(
  address: string,
  { origins, isLoopbackAllowed }: { origins: readonly string[]; isLoopbackAllowed: boolean },
): URL | undefined {
  // Tabs and line breaks are dropped by parsers; nobody writes them into an address in good faith.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x20\x7f\\]/.test(address)) return undefined
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  if (origins.includes(url.origin)) return url
  return isLoopbackAllowed && LOOPBACK_HOSTS.includes(url.hostname) ? url : undefined
}
