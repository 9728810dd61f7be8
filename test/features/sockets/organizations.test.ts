import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/durable/sockets/cursor.ts'
import type { EventName } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { connect, type TestSocket } from '../../support/sockets.ts'
import { freshMachine, freshUser, hubStub } from '../events/support.ts'
import {
  changeContext,
  connectTo,
  down,
  forbidden,
  freshOrganization,
  heardOn,
  isSubscribed,
  openSessionOf,
  settle,
  subscribe,
  type TestOrganization,
  waitToHear,
} from './organization-support.ts'

const app = createTestApp()

/** A policy's event is for admins, the others are for all members. */
const MIXED: EventName[] = ['organization.updated', 'policy.created', 'role.created', 'invitation.created']
const FOR_MEMBERS = ['organization.updated', 'role.created']

const wakeups = (userId: string) => {
  const topics: string[] = []
  const watched = changeContext(userId, ({ objects }) => ({
    objects: {
      ...objects,
      hub: (topic) => {
        topics.push(topic)
        return objects.hub(topic)
      },
    },
  }))
  return { topics, watched }
}

describe('a member', () => {
  it.each([
    ['owner', MIXED],
    ['admin', MIXED],
    ['member', FOR_MEMBERS],
    ['viewer', FOR_MEMBERS],
  ])('who is %s hears what is for that rank, live and resumed', async (role, expected) => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member(role)
    const socket = await connectTo(app, user.token, channel)
    expect(await organization.publish(...MIXED)).toBe(true)
    await waitToHear(socket, channel, expected)
    const cursor = socket.cursor()
    socket.close()
    await organization.publish(...MIXED, 'policy.deleted')
    const again = await connect(app, { token: user.token, after: cursor })
    await waitToHear(
      again,
      channel,
      [...MIXED.slice(MIXED.indexOf(expected.at(-1) as EventName) + 1), ...MIXED, 'policy.deleted'].filter(
        (type) => role === 'owner' || role === 'admin' || FOR_MEMBERS.includes(type),
      ),
    )
    expect(await again.first('resume')).toMatchObject({ data: { channels: expect.arrayContaining([channel]) } })
    await organization.publish(...MIXED)
    await vi.waitFor(() => expect(heardOn(again, channel).slice(-expected.length)).toEqual(expected), 10_000)
    const seqs = again.events().flatMap((frame) => (frame.channel === channel ? [frame.seq ?? 0] : []))
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
  })

  it('subscribes in both dialects, each in its words', async () => {
    const organization = await freshOrganization(app)
    const { id, channel } = organization
    const user = await organization.member()
    const socket = await connect(app, { token: user.token })
    const data = { subscription_type: 'organization', target_id: id }
    socket.send({ type: 'subscription', data })
    expect(await socket.first('subscription')).toEqual({
      type: 'subscription',
      data: { status: 'subscribed', type: 'organization', target: id, channel, cursor: expect.any(String) },
    })
    await organization.publish('organization.updated')
    await waitToHear(socket, channel, ['organization.updated'])
    expect(socket.events()[0]).toMatchObject({ organization_id: id, subject: id, seq: 1, channel })
    socket.send({ type: 'unsubscription', data })
    expect(await socket.first('unsubscription')).toMatchObject({ data: { status: 'unsubscribed', target: id } })
    await organization.publish('organization.updated')
    await settle(socket)
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed', data: { channel } })
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed' })
    await organization.publish('role.created')
    await waitToHear(socket, channel, ['organization.updated', 'role.created'])
    socket.send({ type: 'unsubscribe', channel })
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { status: 'unsubscribed', channel } })
  })

  it("hears another member's events if they are for all members; sessions only as admin", async () => {
    const organization = await freshOrganization(app)
    const [admin, user, other] = await Promise.all([
      organization.member('admin'),
      organization.member(),
      organization.member(),
    ])
    const [asAdmin, asMember] = await Promise.all([
      connectTo(app, admin.token, organization.channel),
      connectTo(app, user.token, organization.channel),
    ])
    const organizationId = organization.id
    await other.publish(1, { organizationId, type: 'session.stepped_up' })
    await other.publish(1, { organizationId, type: 'organization.role_changed' })
    await waitToHear(asAdmin, organization.channel, ['session.stepped_up', 'organization.role_changed'])
    await waitToHear(asMember, organization.channel, ['organization.role_changed'])
  })

  it('keeps its rank in hibernation', async () => {
    const organization = await freshOrganization(app)
    const user = await organization.member()
    const socket = await connectTo(app, user.token, organization.channel)
    await user.hibernate()
    await organization.publish(...MIXED)
    await waitToHear(socket, organization.channel, FOR_MEMBERS)
  })

  it('who acknowledges is not behind because of events that are not for it', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connectTo(app, user.token, channel)
    await organization.publish('role.created')
    await waitToHear(socket, channel, ['role.created'])
    const hidden = Array.from({ length: 1100 }, () => 'policy.updated' as const)
    for (let start = 0; start < hidden.length; start += 220)
      await organization.publish(...hidden.slice(start, start + 220))
    // The acknowledgement comes after events that it does not hear.
    socket.send({ type: 'ack', cursor: socket.events().at(-1)?.cursor })
    await settle(socket)
    await organization.publish(...hidden.slice(0, 10))
    await organization.publish('role.updated')
    await waitToHear(socket, channel, ['role.created', 'role.updated'])
    expect(socket.isClosed()).toBe(false)
  })

  it('may hear as many organizations as a socket has channels', async () => {
    const made = await Promise.all(Array.from({ length: 50 }, () => freshOrganization(app)))
    const [first, ...others] = made as [TestOrganization, ...TestOrganization[]]
    const user = await first.member('admin')
    await Promise.all(others.map((organization) => organization.addMember(user.id, 'member')))
    const cursor = encodeCursor(Object.fromEntries(made.slice(0, 49).map(({ channel }) => [channel, 0])))
    const socket = await connect(app, { token: user.token, after: cursor })
    expect(await socket.first('resume')).toMatchObject({
      data: { channels: made.slice(0, 49).map(({ channel }) => channel) },
    })
    expect(await subscribe(socket, made[49]?.channel ?? '')).toMatchObject({ data: { error: 'too_many_channels' } })
    const last = made[48] as TestOrganization
    await last.publish(...MIXED)
    await waitToHear(socket, last.channel, FOR_MEMBERS)
    const size = await runInDurableObject(
      user.stub(),
      (_, state) => JSON.stringify(state.getWebSockets()[0]?.deserializeAttachment()).length,
    )
    expect(size).toBeLessThan(16_384)
  }, 60_000)
})

describe('whoever is no member', () => {
  it.each([
    ['a stranger', async () => [await freshOrganization(app), await freshUser(app)] as const],
    [
      'a pending member',
      async () => {
        const organization = await freshOrganization(app)
        return [organization, await organization.member('owner', { takenUpAt: null })] as const
      },
    ],
    [
      'a removed member',
      async () => {
        const organization = await freshOrganization(app)
        return [organization, await organization.member('owner', { removedAt: Date.now() })] as const
      },
    ],
    [
      'an owner of a deleted organization',
      async () => {
        const organization = await freshOrganization(app, { deletedAt: Date.now() })
        return [organization, await organization.member('owner')] as const
      },
    ],
    [
      'a stranger to an organization that does not exist',
      async () => [{ id: newUuid() }, await freshUser(app)] as const,
    ],
    [
      'an owner of another organization',
      async () => {
        const [own, other] = await Promise.all([freshOrganization(app), freshOrganization(app)])
        return [other, await own.member('owner')] as const
      },
    ],
  ])('is refused, and wakes no hub: %s', async (_, prepare) => {
    const [{ id }, user] = await prepare()
    const channel = `organization:${id}`
    const { topics, watched } = wakeups(user.id)
    await watched
    const socket = await connect(app, { token: user.token, after: encodeCursor({ [channel]: 0 }) })
    expect(await socket.first('error')).toEqual(forbidden(channel))
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    socket.send({ type: 'subscription', data: { subscription_type: 'organization', target_id: id } })
    expect((await socket.count('error', 3))[2]).toEqual(forbidden(channel))
    socket.send({ type: 'resume', after: encodeCursor({ [channel]: 0, [user.channel]: 0 }) })
    await socket.count('error', 4)
    expect((await socket.count('resume', 2))[1]).toMatchObject({ data: { channels: [user.channel] } })
    expect(topics.filter((topic) => topic === channel)).toEqual([])
    expect(heardOn(socket, channel)).toEqual([])
  })

  it('is refused names that only look like an organization', async () => {
    const organization = await freshOrganization(app)
    const user = await organization.member('owner')
    const socket = await connect(app, { token: user.token })
    const names = [
      organization.id,
      `organization:${organization.id.toUpperCase()}`,
      `${organization.channel} `,
      'organization:',
    ]
    for (const channel of names) expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
  })

  it('is refused as a machine, whose socket is on `platform`', async () => {
    const [organization, machine] = await Promise.all([freshOrganization(app), freshMachine(app)])
    const socket = await connect(app, { token: machine.token })
    expect(await subscribe(socket, organization.channel)).toEqual(forbidden(organization.channel))
  })
})

describe('an admin of the platform', () => {
  it('hears everything of any organization, and of none that does not exist', async () => {
    const [organization, admin] = await Promise.all([freshOrganization(app), freshUser(app, { role: 'admin' })])
    const socket = await connectTo(app, admin.token, organization.channel)
    await organization.publish(...MIXED)
    await waitToHear(socket, organization.channel, MIXED)
    const missing = `organization:${newUuid()}`
    expect(await subscribe(socket, missing)).toEqual(forbidden(missing))
  })

  it('falls silent when the role is lost', async () => {
    const [organization, admin] = await Promise.all([freshOrganization(app), freshUser(app, { role: 'admin' })])
    const socket = await connectTo(app, admin.token, organization.channel)
    await admin.publish(1, { claimsVersion: 2 } as object)
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel: organization.channel } })
    expect(await subscribe(socket, organization.channel)).toEqual(forbidden(organization.channel))
  })
})

describe('two factors, where the organization requires them', () => {
  it('are asked of the token of the socket', async () => {
    const organization = await freshOrganization(app, { requireTwoFactors: true })
    const { channel } = organization
    const user = await organization.member('admin')
    const strong = await openSessionOf(app, user.id, ['hwk', 'mfa'])
    const socket = await connect(app, { token: user.token })
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    socket.send({ type: 'auth', token: strong.token })
    await socket.first('auth')
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed' })
    // The weaker session keeps nothing of what the other one was allowed.
    socket.send({ type: 'auth', token: user.token })
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel } })
    await organization.publish('role.created')
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    expect(heardOn(socket, channel)).toEqual([])
  })

  it('are asked of the session that issued a ticket', async () => {
    const organization = await freshOrganization(app, { requireTwoFactors: true })
    const user = await organization.member()
    const strong = await openSessionOf(app, user.id, ['hwk', 'mfa'])
    const open = async (token: string): Promise<TestSocket> => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await app.fetch('/api/v1/websocket/ticket', { method: 'POST', headers })
      return connect(app, { ticket: (await answer.json<{ ticket: string }>()).ticket })
    }
    const { channel } = organization
    expect(await subscribe(await open(user.token), channel)).toEqual(forbidden(channel))
    expect(await subscribe(await open(strong.token), channel)).toMatchObject({ type: 'subscribed' })
  })
})

describe('a removal', () => {
  it("ends the subscription of the user's sockets and of nobody else's; the user's own channel stays", async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const [user, other] = await Promise.all([organization.member('admin'), organization.member()])
    const sockets = await Promise.all([1, 2].map(() => connectTo(app, user.token, channel)))
    const staying = await connectTo(app, other.token, channel)
    expect(await organization.remove(user.id)).toBe(true)
    await organization.publish('organization.updated')
    await waitToHear(staying, channel, ['organization.member_removed', 'organization.updated'])
    for (const socket of sockets) {
      expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel } })
      expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
      expect(heardOn(socket, channel)).toEqual([])
      expect(heardOn(socket, user.channel)).toContain('organization.member_removed')
      expect(decodeCursor(socket.cursor())?.[channel]).toBeUndefined()
    }
    // No object is told any more whose sockets do not want it.
    await vi.waitFor(async () => {
      const registered = await runInDurableObject(hubStub(channel), (_, state) =>
        state.storage.sql.exec<{ id: string }>('select user_id as id from registrations').toArray(),
      )
      expect(registered).toEqual([{ id: other.id }])
    }, 10_000)
  })

  it('is not outlived by a fresh token that comes before the object knows of it', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const session = await openSessionOf(app, user.id)
    const socket = await connectTo(app, session.token, channel)
    const mend = await changeContext(user.id, () => ({ openDatabase: down }))
    expect(await organization.remove(user.id)).toBe(false)
    await mend()
    socket.send({ type: 'auth', token: await session.refresh() })
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel } })
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    await user.nudge()
    await organization.publish('organization.updated')
    await settle(socket)
    expect(heardOn(socket, channel)).toEqual([])
  })

  it('is known to a subscription before its event is delivered', async () => {
    const organization = await freshOrganization(app)
    const user = await organization.member()
    const socket = await connectTo(app, user.token, organization.channel)
    const cursor = socket.cursor()
    const mend = await changeContext(user.id, () => ({ openDatabase: down }))
    await organization.remove(user.id)
    await mend()
    const another = await connect(app, { token: user.token })
    expect(await subscribe(another, organization.channel)).toEqual(forbidden(organization.channel))
    // The socket that is subscribed asks again with its cursor, and loses the channel by it.
    socket.send({ type: 'resume', after: cursor })
    expect(await socket.first('error')).toEqual(forbidden(organization.channel))
    expect(await socket.first('unsubscribed')).toMatchObject({ data: { channel: organization.channel } })
    expect(await isSubscribed(user.id, organization.channel)).toBe(false)
  })
})

describe('a change of role', () => {
  it('unsubscribes; with a newer token the new rank counts', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member('admin')
    const session = await openSessionOf(app, user.id)
    const socket = await connectTo(app, session.token, channel)
    await organization.publish('policy.created')
    await waitToHear(socket, channel, ['policy.created'])
    await organization.changeRole(user.id, 'member')
    await socket.first('unsubscribed')
    // The token is older than the membership that was read.
    expect(await subscribe(socket, channel)).toEqual(forbidden(channel))
    socket.send({ type: 'auth', token: await session.refresh() })
    await socket.first('auth')
    expect(await subscribe(socket, channel)).toMatchObject({ type: 'subscribed' })
    await organization.publish(...MIXED)
    await waitToHear(socket, channel, ['policy.created', ...FOR_MEMBERS])
  })
})

describe('a socket that resumes', () => {
  it('gets a gap frame, and after it what is for its rank', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    const socket = await connectTo(app, user.token, channel)
    await organization.publish(...MIXED)
    await waitToHear(socket, channel, FOR_MEMBERS)
    await runInDurableObject(hubStub(channel), (_, state) => {
      state.storage.sql.exec('delete from event_log where seq <= 2')
    })
    const again = await connect(app, { token: user.token, after: encodeCursor({ [channel]: 0 }) })
    await waitToHear(again, channel, ['role.created'])
    expect(await again.first('gap')).toEqual({ type: 'gap', channel, data: { from: 1, to: 2, reset: false } })
    await organization.publish('organization.updated')
    await waitToHear(again, channel, ['role.created', 'organization.updated'])
  })

  it('passes events that raised the version before it was allowed', async () => {
    const organization = await freshOrganization(app)
    const { channel } = organization
    const user = await organization.member()
    await organization.requireTwoFactors()
    const strong = await openSessionOf(app, user.id, ['hwk', 'mfa'])
    await organization.publish('role.created')
    const socket = await connect(app, { token: strong.token, after: encodeCursor({ [channel]: 0 }) })
    await waitToHear(socket, channel, ['organization.updated', 'role.created'])
    // In place, too.
    socket.send({ type: 'resume', after: encodeCursor({ [channel]: 0 }) })
    const both = ['organization.updated', 'role.created']
    await waitToHear(socket, channel, [...both, ...both])
    await organization.publish('role.deleted')
    await waitToHear(socket, channel, [...both, ...both, 'role.deleted'])
    expect(socket.frames.some(({ type }) => type === 'unsubscribed')).toBe(false)
  })

  it('keeps the position on a channel whose hub or database is away', async () => {
    const organization = await freshOrganization(app)
    const user = await organization.member()
    const mend = await changeContext(user.id, () => ({ openDatabase: down }))
    const cursor = encodeCursor({ [organization.channel]: 0 })
    const socket = await connect(app, { token: user.token, after: cursor })
    expect(decodeCursor(String((await socket.first('connection')).data?.cursor))).toMatchObject({
      [organization.channel]: 0,
    })
    expect(await socket.first('error')).toMatchObject({ data: { error: 'unavailable', channel: organization.channel } })
    await mend()
    await organization.publish('role.created')
    socket.send({ type: 'resume', after: cursor })
    await waitToHear(socket, organization.channel, ['role.created'])
  })
})
