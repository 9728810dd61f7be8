import { describe, expect, it } from 'vitest'
import { findBrokenVariables } from '../../../src/config.ts'
import { createTestApp } from '../../support/app.ts'

const REQUIRED = { ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL: 'https://auth.example.test' }

describe('MAIL_FROM', () => {
  it.each([
    ['gate@example.test', null, 'gate@example.test'],
    ['Gate <gate@example.test>', 'Gate', 'gate@example.test'],
    ['Tor der Burg Grün, Ltd. <gate@example.test>', 'Tor der Burg Grün, Ltd.', 'gate@example.test'],
    ['"Gate" <gate@example.test>', 'Gate', 'gate@example.test'],
    ['"Acme, Inc." <gate@example.test>', 'Acme, Inc.', 'gate@example.test'],
    ['"Acme <West>" <gate@example.test>', 'Acme <West>', 'gate@example.test'],
    [String.raw`"The \"Gate\" \\ West" <gate@example.test>`, String.raw`The "Gate" \ West`, 'gate@example.test'],
    ['"Acme, Inc." Gate<gate@example.test>', 'Acme, Inc. Gate', 'gate@example.test'],
    ['<gate@example.test>', null, 'gate@example.test'],
  ])('may be %s', async (text, name, address) => {
    const { config } = await createTestApp({ env: { MAIL_FROM: text } }).ctx()
    expect(config.MAIL_FROM).toEqual({ name, address })
  })

  it.each([
    'gate',
    'Gate gate@example.test',
    'Gate <gate@example.test',
    'gate@example.test>',
    'a@example.test, b@example.test',
    'Gate\r\nBcc: x@example.test <gate@example.test>',
    '"Gate <gate@example.test>',
    'Gate" <gate@example.test>',
    String.raw`"Gate\" <gate@example.test>`,
    '"Gate\r\nBcc: x@example.test" <gate@example.test>',
    '"Gate" <gate@example.test>, b@example.test',
    '"Gate" gate@example.test',
  ])('may not be %j', (text) => {
    expect(findBrokenVariables({ ...REQUIRED, MAIL_FROM: text })).toEqual([
      { name: 'MAIL_FROM', reason: 'must be a mail address' },
    ])
  })
})

describe('MAIL_API_URL', () => {
  it('must be https in production, because a key is sent to it', () => {
    const broken = (MODE: string) => findBrokenVariables({ ...REQUIRED, MODE, MAIL_API_URL: 'http://127.0.0.1:9' })
    expect(broken('local')).toEqual([])
    expect(broken('production')).toEqual([{ name: 'MAIL_API_URL', reason: 'must be https in production' }])
  })
})
