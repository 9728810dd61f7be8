import { describe, expect, inject, it, vi } from 'vitest'
import { bearer, post, signIn, signUp } from './support/api.ts'
import { startOwnPostern, startPostern } from './support/postern.ts'
import { type Subscriber, subscribe } from './support/subscriber.ts'

const eventIds = ({ frames }: Subscriber): string[] => frames.flatMap(({ id }) => (id === undefined ? [] : [id]))
const sequence = ({ frames }: Subscriber): number[] => frames.flatMap(({ seq }) => (seq === undefined ? [] : [seq]))

describe('a service that is killed in the middle of a stream', () => {
  it('loses no event, gives none twice, and signs nobody out', { timeout: 90_000 }, async () => {
    const first = await startOwnPostern(inject('checkout'))
    const { origin, port, state } = first
    const user = await signUp(origin)
    const before = subscribe(origin, { token: user.access_token })
    await before.opened
    await vi.waitFor(() => expect(before.frames.some(({ type }) => type === 'connection')).toBe(true), 10_000)
    const start = before.frames.find(({ type }) => type === 'connection')?.data?.cursor as string

    const stream = Promise.allSettled(Array.from({ length: 6 }, () => signIn(origin, user.email)))
    await vi.waitFor(() => expect(eventIds(before).length).toBeGreaterThan(2), { timeout: 10_000, interval: 1 })
    await first.running.stop('SIGKILL')
    const answered = await stream
    const cursor = before.frames.findLast((frame) => frame.cursor !== undefined)?.cursor ?? start

    const second = await startPostern(inject('checkout'), { PORT: String(port), PERSIST_TO: state })
    const after = subscribe(origin, { token: user.access_token, after: cursor })
    const whole = subscribe(origin, { token: user.access_token, after: start })
    const last = await signIn(origin, user.email)
    const lastSession = JSON.parse(Buffer.from(last.access_token.split('.')[1] ?? '', 'base64url').toString()).sid
    for (const subscriber of [after, whole])
      await vi.waitFor(
        () =>
          expect(
            subscriber.frames.some((frame) => frame.type === 'session.created' && frame.session_id === lastSession),
          ).toBe(true),
        { timeout: 10_000 },
      )

    const joined = [...eventIds(before), ...eventIds(after)]
    expect(new Set(joined).size).toBe(joined.length)
    expect(joined.toSorted()).toEqual(eventIds(whole).toSorted())
    expect(sequence(whole)).toEqual(sequence(whole).toSorted((a, b) => a - b))
    // Every sign-in that was answered is in the stream, and its session lives.
    for (const result of answered) {
      if (result.status !== 'fulfilled') continue
      const refreshed = await post(origin, '/api/v1/auth/refresh', { refresh_token: result.value.refresh_token })
      expect(refreshed.status).toBe(200)
    }
    expect((await fetch(`${origin}/validate`, { headers: bearer(user.access_token) })).status).toBe(200)
    for (const subscriber of [after, whole]) subscriber.close()
    await second.running.stop()
    await first.stop()
  })
})
