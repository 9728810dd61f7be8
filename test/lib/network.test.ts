import { describe, expect, it } from 'vitest'
import {
  containsAddress,
  familyOf,
  isOtherNetwork,
  networkOf,
  rateSubjectOf,
  readAddress,
  readNetwork,
} from '../../src/lib/network.ts'

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

describe('readAddress', () => {
  it.each([
    '',
    '1',
    '10.1',
    '010.0.0.1',
    '0x0a.0.0.1',
    '10.0.0.256',
    '10.0.0.1 ',
    '10.0.0.0/8',
    'fe80::1%eth0',
    '::10.0.0.1',
    ':::',
    'localhost',
  ])('refuses %j', (text) => {
    expect(readAddress(text)).toBeUndefined()
  })

  it.each(['10.0.0.1', '::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1'])(
    'reads %s as 10.0.0.1',
    (text) => {
      expect(readAddress(text)).toBe('\x0a\0\0\x01')
    },
  )
})

describe('a network', () => {
  it.each([
    ['10.0.0.0/8', '10.255.0.1'],
    ['10.1.2.3/8', '10.255.0.1'],
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7', '::ffff:203.0.113.7'],
    ['203.0.113.128/25', '203.0.113.129'],
    ['::ffff:10.0.0.0/104', '10.9.9.9'],
    ['::ffff:10.0.0.0/104', '::ffff:10.9.9.9'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['0.0.0.0/0', '255.0.0.1'],
    ['2001:db8::/33', '2001:db8:7fff::1'],
    ['2001:DB8::1/128', '2001:db8:0:0::1'],
    ['::/0', '2001:db8::1'],
  ])('%s contains %s', (network, address) => {
    expect(contains(network, address)).toBe(true)
  })

  it.each([
    ['10.0.0.0/8', '11.0.0.1'],
    ['203.0.113.128/25', '203.0.113.127'],
    ['203.0.113.7', '203.0.113.8'],
    ['2001:db8::/33', '2001:db8:8000::1'],
    ['::/0', '10.0.0.1'],
    ['::/0', '::ffff:10.0.0.1'],
    ['0.0.0.0/0', '::1'],
    ['::a00:1', '10.0.0.1'],
  ])('%s does not contain %s', (network, address) => {
    expect(contains(network, address)).toBe(false)
  })

  it.each([
    '',
    '/8',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '10.0.0.0/8/8',
    '10.0.0.0/8.0',
    '10.0.0.0/+8',
    '::/129',
    '::ffff:10.0.0.0/95',
    '10.0.0/8',
    'fe80::%1/64',
  ])('is not %j', (text) => {
    expect(readNetwork(text)).toBeUndefined()
  })
})

function contains(network: string, address: string): boolean {
  const [parsed, asked] = [readNetwork(network), readAddress(address)]
  if (!parsed || !asked) throw new Error('not parsed')
  return containsAddress(parsed, asked)
}
