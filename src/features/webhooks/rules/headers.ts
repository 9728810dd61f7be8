/** Those that the service sets, that say who asks, or that are of one connection (RFC 9110 7.6.1). */
const RESERVED =
  /^(?:authorization|cookie|host|user-agent|expect|date|via|content-.*|webhook-.*|svix-.*|x-webhook.*|x-janua-.*|x-forwarded-.*|x-real-ip|true-client-ip|forwarded|cf-.*|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade)$/i
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/
const VALUE = /^[\x20-\x7e]{0,1024}$/
export const MAX_HEADERS = 20

/** As servers that hand headers over by CGI read it (RFC 3875 4.1.18): `X_Forwarded_For` is `X-Forwarded-For` there. */
const spelled = (name: string): string => name.toLowerCase().replaceAll('_', '-')

/** What is wrong with an endpoint's own headers; undefined when nothing is. */
export function findHeaderFault(headers: Readonly<Record<string, string>>): string | undefined {
  const names = Object.keys(headers)
  if (names.length > MAX_HEADERS) return `must have at most ${MAX_HEADERS} headers`
  if (new Set(names.map(spelled)).size < names.length) return 'must not have a header twice'
  const reserved = names.find((name) => RESERVED.test(spelled(name)))
  if (reserved !== undefined) return `must not have the header ${reserved.slice(0, 64)}`
  if (!names.every((name) => TOKEN.test(name))) return 'must have names of headers alone'
  return Object.values(headers).every(isHeaderValue)
    ? undefined
    : 'must have values in printable ASCII, up to 1,024 characters'
}

export const isHeaderValue = (value: string): boolean => VALUE.test(value) && value.trim() === value
