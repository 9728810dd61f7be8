import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/durable/sockets/cursor.ts'
import { createTestApp } from '../../support/app.ts'
import { connect, type Frame, upgrade } from '../../support/sockets.ts'
import { freshUser, hubStub, testEvent } from '../events/support.ts'

const app = createTestApp()

const idsOf = (frames: readonly Frame[]) => frames.map(({ id }) => id)
const seqsOf = (frames: readonly Frame[]) => frames.map(({ seq }) => seq)

describe('a socket that resumes', () => {
  it('gets the missed events and then the live ones, each once and in order', async () => {
    const user = await freshUser(app)
    const first = await connect(app, { token: user.token })
    const seen = await user.publish(3)
    await first.count('test.happened', 3)
    const cursor = first.cursor()
    first.close()
    const missed = await user.publish(250)
    const second = await connect(app, { token: user.token, after: cursor })
    const live = await user.publish(2)
    await second.count('test.happened', 252)
    expect(idsOf(second.events())).toEqual([...missed, ...live])
    expect(idsOf(first.events())).toEqual(seen)
    expect(await second.first('resume')).toMatchObject({ data: { status: 'resumed', channels: [user.channel] } })
    expect(second.frames[0]).toMatchObject({ type: 'connection', data: { cursor } })
  })

  it('may resume from the cursor of any event that it got', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const ids = await user.publish(5)
    const events = await socket.count('test.happened', 5)
    for (const [index, { cursor = '' }] of events.entries()) {
      const again = await connect(app, { token: user.token, after: cursor })
      await again.count('test.happened', 4 - index)
      expect(idsOf(again.events())).toEqual(ids.slice(index + 1))
      again.close()
    }
  })

  it('resumes in place with a frame', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const { data } = await socket.first('connection')
    const ids = await user.publish(3)
    await socket.count('test.happened', 3)
    socket.send({ type: 'resume', after: data?.cursor })
    await socket.count('test.happened', 6)
    expect(idsOf(socket.events())).toEqual([...ids, ...ids])
  })

  it('gets a gap frame for events that were pruned before the others', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const { data } = await socket.first('connection')
    const [from = 0] = Object.values(decodeCursor(String(data?.cursor)) ?? {})
    await user.publish(4)
    await socket.count('test.happened', 4)
    await runInDurableObject(user.stub(), (_, state) => {
      state.storage.sql.exec('delete from event_log where seq <= ?', from + 2)
    })
    const again = await connect(app, { token: user.token, after: String(data?.cursor) })
    await again.count('test.happened', 2)
    const frames = again.frames.filter(({ type }) => type === 'gap' || type === 'test.happened')
    expect(frames[0]).toEqual({
      type: 'gap',
      channel: user.channel,
      data: { from: from + 1, to: from + 2, reset: false },
    })
    expect(seqsOf(frames.slice(1))).toEqual([from + 3, from + 4])
  })

  it('gets a reset when the log never had its position', async () => {
    const user = await freshUser(app)
    const head = (await user.logged()).length
    const socket = await connect(app, { token: user.token, after: encodeCursor({ [user.channel]: head + 500 }) })
    expect(await socket.first('gap')).toMatchObject({ channel: user.channel, data: { reset: true } })
    await user.publish(1)
    await socket.count('test.happened', 1)
    expect(seqsOf(socket.events()).at(-1)).toBe(head + 1)
  })

  it('is refused with an invalid cursor', async () => {
    const { token, channel } = await freshUser(app)
    const bad = ['x', 'AAAA', '', encodeCursor({ [channel]: 1 }).slice(1), btoa('[["user:x",1]]'), btoa('{}')]
    for (const after of bad.filter((cursor) => cursor !== '')) {
      const answer = await upgrade(app, { token, after })
      expect([after, answer.status]).toEqual([after, 400])
      expect(await answer.json()).toMatchObject({ code: 'INVALID_CURSOR' })
    }
    const socket = await connect(app, { token })
    socket.send({ type: 'resume', after: 'nonsense' })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'invalid_cursor' } })
  })

  it("gets an error for another user's channel in its cursor, but still its own channel", async () => {
    const [user, other] = await Promise.all([freshUser(app), freshUser(app)])
    const socket = await connect(app, { token: user.token, after: encodeCursor({ [other.channel]: 0 }) })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'forbidden_channel', channel: other.channel } })
    await other.publish(1)
    const [id] = await user.publish(1)
    await socket.count('test.happened', 1)
    expect(idsOf(socket.events())).toEqual([id])
  })
})

describe('a stream that is cut', () => {
  it('misses nothing, repeats no seq and keeps its order when the object is stopped repeatedly', async () => {
    const user = await freshUser(app)
    let socket = await connect(app, { token: user.token })
    await socket.first('connection')
    let cursor = socket.cursor()
    const got: Frame[] = []
    for (let round = 0; round < 4; round += 1) {
      // A nudge reads three pages of rows: the object is killed between two of them.
      const publishing = user.publish(250).catch((cause: unknown) => String(cause))
      await socket.first('test.happened')
      await user.kill()
      await publishing
      // The subscriber disconnects here, whatever else is being sent to it.
      got.push(...socket.events())
      if (socket.events().length > 0) cursor = socket.cursor()
      socket.close()
      socket = await connect(app, { token: user.token, after: cursor })
    }
    // Delivers the rows that the kills left undelivered.
    await user.nudge()
    const logged = (await user.logged()).slice(2)
    expect(logged).toHaveLength(1000)
    await vi.waitFor(() => expect(got.length + socket.events().length).toBe(1000), { timeout: 10_000 })
    const all = [...got, ...socket.events()]
    expect(idsOf(all)).toEqual(logged)
    const start = all[0]?.seq ?? 0
    expect(seqsOf(all)).toEqual(all.map((_, index) => start + index))
  })

  it('continues after hibernation from its position', async () => {
    const user = await freshUser(app)
    const socket = await connect(app, { token: user.token })
    const before = await user.publish(2)
    await socket.count('test.happened', 2)
    await user.hibernate()
    const after = await user.publish(2)
    await socket.count('test.happened', 4)
    expect(idsOf(socket.events())).toEqual([...before, ...after])
  })

  it('has several channels in one cursor, each resumed from its own log', async () => {
    const admin = await freshUser(app, { role: 'admin' })
    const socket = await connect(app, { token: admin.token })
    socket.send({ type: 'subscribe', channel: 'platform' })
    await socket.first('subscribed')
    const marker = testEvent({ type: 'test.marker' })
    await hubStub('platform').append({ topic: 'platform', events: [marker] })
    await socket.first('test.marker')
    const cursor = socket.cursor()
    socket.close()
    const missed = Array.from({ length: 3 }, () => testEvent({ type: 'test.missed' }))
    await hubStub('platform').append({ topic: 'platform', events: missed })
    const own = await admin.publish(2)
    const again = await connect(app, { token: admin.token, after: cursor })
    await again.count('test.missed', 3)
    const of = (channel: string) => again.events().filter((frame) => frame.channel === channel)
    await vi.waitFor(() => expect(of(admin.channel)).toHaveLength(2), 10_000)
    expect(idsOf(of(admin.channel))).toEqual(own)
    const platform = of('platform')
    expect(idsOf(platform.filter(({ type }) => type === 'test.missed'))).toEqual(missed.map(({ id }) => id))
    const start = platform[0]?.seq ?? 0
    expect(seqsOf(platform)).toEqual(platform.map((_, index) => start + index))
    // The admin's own events arrive on both channels, with the same id.
    await vi.waitFor(() => expect(idsOf(of('platform'))).toEqual(expect.arrayContaining(own)), 10_000)
  })
})
