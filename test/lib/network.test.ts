import { describe, expect, it } from 'vitest'
import { familyOf, isOtherNetwork, networkOf, rateSubjectOf } from '../../src/lib/network.ts'

describe('networkOf', () => {
  it.each([
    ['203.0.113.9', '203.0.113.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:0DB8:0001::9', '2001:db8:1::/48'],
    ['', 'unknown'],
    ['203.0.113.9, 10.0.0.1', 'unknown'],
    ['localhost', 'unknown'],
  ])('%j is of %j', (ip, network) => {
    expect(networkOf(ip)).toBe(network)
  })
})

describe('rateSubjectOf', () => {
  it('is one IPv4 address, or an IPv6 /64', () => {
    expect(rateSubjectOf('203.0.113.9')).toBe('203.0.113.9/32')
    expect(rateSubjectOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
  })
})

describe('familyOf', () => {
  it.each([
    ['203.0.113.9', 'v4'],
    ['::ffff:203.0.113.9', 'v4'],
    ['2001:db8::1', 'v6'],
    ['x', 'unknown'],
  ])('%j is %j', (ip, family) => {
    expect(familyOf(ip)).toBe(family)
  })
})

describe('isOtherNetwork', () => {
  it.each([
    ['203.0.113.7', '198.51.100.9', true],
    ['203.0.113.7', '203.0.113.99', false],
    ['2001:db8:1::1', '2001:db8:2::1', true],
    ['203.0.113.7', '2001:db8::1', false],
  ])('for %j and %j is %j', (one, other, expected) => {
    expect(isOtherNetwork(one, other)).toBe(expected)
  })
})
