import { describe, expect, it } from 'vitest'
import { findAllowedRedirect } from '../../../src/features/sign-in/service/redirects.ts'

const origins = ['https://app.example.test', 'https://other.example.test:8443']
const find = (address: string, isLoopbackAllowed = false) =>
  findAllowedRedirect(address, { origins, isLoopbackAllowed })?.href

describe('a redirect address', () => {
  it('may be anything below a configured origin', () => {
    expect(find('https://app.example.test')).toBe('https://app.example.test/')
    expect(find('HTTPS://APP.example.TEST:443/a?b=c#d')).toBe('https://app.example.test/a?b=c#d')
    expect(find('https://other.example.test:8443/x')).toBe('https://other.example.test:8443/x')
  })

  it.each([
    '',
    '/',
    '//app.example.test',
    'app.example.test',
    'https:/\\app.example.test',
    'https://app.example.test\t',
    'https://app\n.example.test',
    'https://app.example.test:8443',
    'https://other.example.test',
    'http://app.example.test',
    'ftp://app.example.test',
    'https://x@app.example.test',
    'https://app.example.test.',
    'https://sub.app.example.test',
    'https://app.example.test%2eevil.test',
    'blob:https://app.example.test/1',
    'http://localhost',
  ])('is refused: %j', (address) => {
    expect(find(address)).toBeUndefined()
  })

  it('may be loopback where that is allowed, and nothing that only looks like it', () => {
    for (const address of ['http://localhost:3000/x', 'http://127.0.0.1/', 'http://[::1]:5173/'])
      expect(find(address, true)).toBe(new URL(address).href)
    for (const address of ['http://localhost.evil.test', 'http://127.0.0.1.evil.test', 'http://10.0.0.1'])
      expect(find(address, true)).toBeUndefined()
  })
})
