import { describe, expect, inject, it, vi } from 'vitest'
import { bearer, PASSWORD, post, revoke, signIn, signInAdmin, signUp } from './support/api.ts'
import { type Frame, subscribe } from './support/subscriber.ts'

const origin = inject('origin')

const validate = async (token: string, query = ''): Promise<number> =>
  (await fetch(`${origin}/validate${query}`, { headers: bearer(token) })).status

const sessionOf = (token: string): string => {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()
  return (JSON.parse(claims) as { sid: string }).sid
}

const typesOf = (frames: readonly Frame[]): string[] => frames.map(({ type }) => type)

describe('the gate', () => {
  it('is healthy', async () => {
    for (const path of ['/health', '/readiness', '/liveness', '/api/v1/health', '/api/v1/health/ready'])
      expect((await fetch(`${origin}${path}`)).status, path).toBe(200)
    const admin = await signInAdmin(origin)
    expect((await fetch(`${origin}/api/v1/health/detailed`, { headers: bearer(admin.access_token) })).status).toBe(200)
  })

  it('serves its reference from its own assets', async () => {
    const document = await fetch(`${origin}/openapi.json`)
    expect(await document.json()).toMatchObject({ openapi: '3.1.0' })
    for (const path of ['/docs', '/swagger']) {
      const page = await (await fetch(`${origin}${path}`)).text()
      const assets = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, asset = '']) => asset)
      expect(assets.length, path).toBeGreaterThan(0)
      for (const asset of assets) {
        expect(new URL(asset, origin).origin).toBe(origin)
        expect((await fetch(new URL(asset, origin))).status, asset).toBe(200)
      }
    }
  })

  it('lets a newcomer in, and keeps the mail that was sent', async () => {
    const { email, access_token: token } = await signUp(origin)
    expect(await validate(token)).toBe(200)
    expect((await signIn(origin, email)).email).toBe(email)
    expect((await post(origin, '/api/v1/auth/signin', { email, password: `${PASSWORD}!` })).status).toBe(401)
    expect((await fetch(`${origin}/dev/mailbox?to=${encodeURIComponent(email)}`)).status).toBe(200)
  })

  it('gives both of two tabs that refresh at once the same successor', async () => {
    const user = await signUp(origin)
    const refresh = async () => {
      const answer = await post(origin, '/api/v1/auth/refresh', { refresh_token: user.refresh_token })
      return { status: answer.status, body: (await answer.json()) as { refresh_token: string; access_token: string } }
    }
    const tabs = await Promise.all([refresh(), refresh()])
    expect(tabs.map(({ status }) => status)).toEqual([200, 200])
    expect(tabs[0]?.body.refresh_token).not.toBe(user.refresh_token)
    expect(tabs[0]?.body.refresh_token).toBe(tabs[1]?.body.refresh_token)
    expect(await validate(tabs[0]?.body.access_token ?? '')).toBe(200)
    expect(await validate(tabs[1]?.body.access_token ?? '')).toBe(200)
  })

  it('tells a subscriber of a revocation, closes the socket, and refuses the session everywhere', async () => {
    const phone = await signUp(origin)
    const laptop = await signIn(origin, phone.email)
    const onPhone = subscribe(origin, { token: phone.access_token })
    const onLaptop = subscribe(origin, { token: laptop.access_token })
    await Promise.all([onPhone.opened, onLaptop.opened])
    await vi.waitFor(() => expect(typesOf(onLaptop.frames)).toContain('connection'), 5_000)

    const ended = await fetch(`${origin}/api/v1/sessions/${sessionOf(phone.access_token)}`, {
      method: 'DELETE',
      headers: bearer(laptop.access_token),
    })
    expect(ended.status).toBe(200)
    expect(await ended.json()).toMatchObject({ propagated: true })

    expect(await onPhone.closeCode()).toBe(4001)
    await vi.waitFor(() => expect(typesOf(onLaptop.frames)).toContain('session.revoked'), 5_000)
    const heard = onLaptop.frames.find(({ type }) => type === 'session.revoked')
    expect(heard).toMatchObject({ session_id: sessionOf(phone.access_token), channel: `user:${phone.userId}` })
    expect(typesOf(onPhone.frames)).toContain('session.revoked')

    expect(await validate(phone.access_token, '?consistency=strong')).toBe(401)
    await vi.waitFor(async () => expect(await validate(phone.access_token)).toBe(401), { timeout: 5000 })
    expect(await validate(laptop.access_token)).toBe(200)
    onLaptop.close()
  })

  it('resumes a subscriber where it was cut off', async () => {
    const user = await signUp(origin)
    const before = subscribe(origin, { token: user.access_token })
    await before.opened
    const second = await signIn(origin, user.email)
    await vi.waitFor(() => expect(typesOf(before.frames)).toContain('session.created'), 5_000)
    const cursor = before.frames.findLast((frame) => frame.cursor !== undefined)?.cursor ?? ''
    before.close()
    expect(await before.closed).toBe(1000)

    await revoke(origin, second.access_token)
    const after = subscribe(origin, { token: user.access_token, after: cursor })
    await vi.waitFor(() => expect(typesOf(after.frames)).toContain('session.revoked'), 5_000)
    const ids = after.frames.flatMap(({ id }) => (id === undefined ? [] : [id]))
    const known = new Set(before.frames.flatMap(({ id }) => (id === undefined ? [] : [id])))
    expect(ids.filter((id) => known.has(id))).toEqual([])
    expect(typesOf(after.frames)).not.toContain('gap')
    after.close()
  })
})
