import ipaddr from 'ipaddr.js'

/** The address, or undefined when it is invalid. An IPv4-mapped IPv6 address becomes its IPv4 address. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

/** Hosts of URLs that mean the machine itself. */
export const isLoopbackHost = (hostname: string): boolean => /^(?:127\.0\.0\.1|localhost|\[::1\])$/.test(hostname)

/** `203.0.113.0/24` or `2001:db8:1::/48`: one network, for sign-in attempts and replays. */
export function networkOf(ip: string): string {
  return prefixOf(ip, 24, 48)
}

/** One client for rate limits: an IPv4 address, or an IPv6 /64. */
export function rateSubjectOf(ip: string): string {
  return prefixOf(ip, 32, 64)
}

/** `v4`, `v6`, or `unknown`: a change of family alone is not a change of network. */
export function familyOf(ip: string): 'v4' | 'v6' | 'unknown' {
  const address = parseAddress(ip)
  if (!address) return 'unknown'
  return address.kind() === 'ipv4' ? 'v4' : 'v6'
}

/** Whether two addresses of one family are of different networks. Dual-stack clients switch the family by themselves. */
export const isOtherNetwork = (one: string, other: string): boolean =>
  familyOf(one) === familyOf(other) && networkOf(one) !== networkOf(other)

function prefixOf(ip: string, v4Bits: number, v6Bits: number): string {
  const address = parseAddress(ip)
  if (!address) return 'unknown'
  const bits = address.kind() === 'ipv4' ? v4Bits : v6Bits
  const bytes = address.toByteArray().map((byte, index) => {
    const keep = Math.min(8, Math.max(0, bits - index * 8))
    return byte & (0xff << (8 - keep)) & 0xff
  })
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

/** A network in CIDR notation: how many of its first bits an address must share. */
export interface Network {
  readonly address: string
  readonly bits: number
}

/** `::10.0.0.1`, deprecated by RFC 4291 2.5.5.1, which the parser takes for `::ffff:10.0.0.1`. */
const IPV4_COMPATIBLE = /^::[\d.]*\./

/** Only the decimal form of IPv4: other spellings (`010.0.0.1`, `10.1`) mean different addresses to different programs. */
function isPlainAddress(text: string): boolean {
  if (text.length > 45) return false
  if (!text.includes(':')) return ipaddr.IPv4.isValidFourPartDecimal(text)
  return !text.includes('%') && !IPV4_COMPATIBLE.test(text) && ipaddr.IPv6.isValid(text)
}

/**
 * The address in 4 or 16 characters, one a byte; undefined when it is none. An IPv4-mapped IPv6 address is its IPv4 address.
 */
export const readAddress = (text: string): string | undefined =>
  isPlainAddress(text) ? String.fromCharCode(...ipaddr.process(text).toByteArray()) : undefined

const PREFIX_LENGTH = /^(?:0|[1-9]\d{0,2})$/
const MAPPED_BITS = 96

/**
 * `203.0.113.0/24`, `2001:db8::/32`, or one address; bits behind the prefix do not count. `::ffff:10.0.0.0/104` is `10.0.0.0/8`;
 * a shorter prefix of mapped addresses is undefined, as is any other text.
 */
export function readNetwork(text: string): Network | undefined {
  const [written = '', prefix, ...more] = text.split('/')
  const address = more.length === 0 ? readAddress(written) : undefined
  if (address === undefined) return undefined
  const all = address.length * 8
  if (prefix === undefined) return { address, bits: all }
  const bits = Number(prefix) - (all === 32 && written.includes(':') ? MAPPED_BITS : 0)
  return PREFIX_LENGTH.test(prefix) && bits >= 0 && bits <= all ? { address, bits } : undefined
}

/** Whether the network contains an address as `readAddress` gives it. No network contains addresses of the other family. */
export function containsAddress(network: Network, address: string): boolean {
  if (network.address.length !== address.length) return false
  const whole = network.bits >> 3
  for (let at = 0; at < whole; at += 1) {
    if (network.address.charCodeAt(at) !== address.charCodeAt(at)) return false
  }
  const ignored = 8 - (network.bits & 7)
  return ignored === 8 || network.address.charCodeAt(whole) >> ignored === address.charCodeAt(whole) >> ignored
}
