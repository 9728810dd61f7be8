import ipaddr from 'ipaddr.js'

/** The address, or undefined when it is invalid. An IPv4-mapped IPv6 address becomes its IPv4 address. */
function parseAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  return ipaddr.isValid(text) ? ipaddr.process(text) : undefined
}

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
