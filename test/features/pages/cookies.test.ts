import { describe, expect, it } from 'vitest'
import {
  browserTokenOf,
  cookieOf,
  deletedCookies,
  FORGOTTEN_AFTER_SECONDS,
  KEPT_SECONDS,
  sessionCookies,
  soleCookie,
} from '../../../src/features/pages/wire/cookies.ts'

const DEPLOYED = {
  PUBLIC_URL: 'https://auth.example.test',
  SESSION_ABSOLUTE_SECONDS: 2_592_000,
  SESSION_COOKIE: '__Secure-postern',
  SESSION_COOKIE_DOMAIN: 'example.test',
}
const HOST_ONLY = { ...DEPLOYED, SESSION_COOKIE_DOMAIN: 'auth.example.test' }
const WITHOUT_DOMAIN = { ...DEPLOYED, SESSION_COOKIE_DOMAIN: undefined }
const LOCAL = { ...DEPLOYED, PUBLIC_URL: 'http://127.0.0.1:8787', SESSION_COOKIE_DOMAIN: '127.0.0.1' }

const TOKENS = { accessToken: 'access', refreshToken: 'pbs_x', expiresIn: 600, expiresAt: 1 }
const opened = (browserIdleSeconds?: number) =>
  ({ tokens: TOKENS, ...(browserIdleSeconds !== undefined && { browserIdleSeconds }) }) as Parameters<
    typeof sessionCookies
  >[1]

const OWN = 'Path=/; HttpOnly; SameSite=Lax; Secure'

describe('the cookies of a deployed service', () => {
  it('are one of its host alone, and one of gateways for the domain', () => {
    const gateway = '__Secure-postern=access; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=600'
    const own = `__Host-postern-session=pbs_x; ${OWN}`
    expect(sessionCookies(DEPLOYED, opened(FORGOTTEN_AFTER_SECONDS))).toEqual([own, `${gateway}; Domain=example.test`])
    expect(sessionCookies(HOST_ONLY, opened(FORGOTTEN_AFTER_SECONDS))).toEqual([own, gateway])
    expect(sessionCookies(WITHOUT_DOMAIN, opened(FORGOTTEN_AFTER_SECONDS))).toEqual([own])
  })

  it('stay where that was asked, whatever the settings are', () => {
    for (const SESSION_ABSOLUTE_SECONDS of [3600, 43_200, 2_592_000]) {
      const settings = { ...WITHOUT_DOMAIN, SESSION_ABSOLUTE_SECONDS }
      const kept = [`__Host-postern-session=pbs_x; ${OWN}; Max-Age=${SESSION_ABSOLUTE_SECONDS}`]
      expect(sessionCookies(settings, opened(KEPT_SECONDS))).toEqual(kept)
    }
  })

  it('are none of a session of tokens', () => {
    expect(() => sessionCookies(DEPLOYED, opened())).toThrow()
  })

  it('are deleted by what they were set with', () => {
    const bare = (lines: readonly string[]) =>
      lines.map((line) => line.replace(/=[^;]*/, '').replace(/; Max-Age=\d+/, ''))
    for (const settings of [DEPLOYED, HOST_ONLY, WITHOUT_DOMAIN, LOCAL]) {
      const deleted = deletedCookies(settings)
      expect(bare(deleted)).toEqual(bare(sessionCookies(settings, opened(FORGOTTEN_AFTER_SECONDS))))
      for (const line of deleted) expect(line).toMatch(/^[\w-]+=; .*; Max-Age=0/)
    }
  })

  it('have no prefix and no Secure where there is no TLS, but for gateways, whose own it is', () => {
    expect(cookieOf(LOCAL, 'renewed', 'x', 10)).toBe('postern-renewed=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=10')
    expect(cookieOf(DEPLOYED, 'renewed', 'x', 10)).toBe(`__Host-postern-renewed=x; ${OWN}; Max-Age=10`)
  })

  it('count by their whole name, and not beside another of it, which a sibling host may have planted', () => {
    const read = (cookie: string) => browserTokenOf(DEPLOYED, new Request(DEPLOYED.PUBLIC_URL, { headers: { cookie } }))
    expect(read('a=b; __Host-postern-session=pbs_x')).toBe('pbs_x')
    for (const cookie of [
      '__Host-postern-session=pbs_x; __Host-postern-session=pbs_y',
      '__Host-postern-session=pbs_x; __Host-postern-session=pbs_x',
      'postern-session=pbs_x',
      '__Secure-postern-session=pbs_x',
      '__host-postern-session=pbs_x',
      '',
    ])
      expect([cookie, read(cookie)]).toEqual([cookie, null])
    // The planted one of another prefix takes nothing from ours.
    expect(read('postern-session=pbs_y; __Host-postern-session=pbs_x')).toBe('pbs_x')
    const twice = new Request(DEPLOYED.PUBLIC_URL, {
      headers: { cookie: '__Host-postern-renewed=a; __Host-postern-renewed=b' },
    })
    expect(soleCookie(DEPLOYED, 'renewed', twice)).toBeNull()
  })
})
