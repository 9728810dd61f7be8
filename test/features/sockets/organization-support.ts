import { runInDurableObject } from 'cloudflare:test'
import { and, eq, isNull, sql } from 'drizzle-orm'
import { vi } from 'vitest'
import type { EarlyCtx } from '../../../src/context.ts'
import { type CommittedEvent, commitAndPropagate, versionEntry } from '../../../src/db/commit.ts'
import { memberships, organizations } from '../../../src/features/memberships/tables.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { users } from '../../../src/features/users/tables.ts'
import type { EventName } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import type { TestApp } from '../../support/app.ts'
import { connect, type Frame, type TestSocket } from '../../support/sockets.ts'
import { freshUser, userStub } from '../events/support.ts'

const ACTOR = { type: 'system', id: 'test' } as const

type Membership = Partial<typeof memberships.$inferInsert>
type Organization = Partial<typeof organizations.$inferInsert>

/** An organization, with what a test does to it. Its changes are committed as the service commits them. */
export async function freshOrganization(app: TestApp, fields: Organization = {}) {
  const id = newUuid()
  const channel = `organization:${id}`
  const now = Date.now()
  await (await app.ctx()).db
    .insert(organizations)
    .values({ id, name: 'Acme', slug: id, createdAt: now, updatedAt: now, ...fields })

  const draft = (type: EventName, more: Partial<CommittedEvent> = {}): CommittedEvent => ({
    type,
    subject: id,
    userId: null,
    actor: ACTOR,
    organizationId: id,
    ...more,
  })

  const isMembership = (userId: string) =>
    and(eq(memberships.organizationId, id), eq(memberships.userId, userId), isNull(memberships.removedAt))

  /** A change of a member's rights raises the user's claims version, in the same batch. */
  const changeMember = async (userId: string, set: Membership, type: EventName): Promise<boolean> => {
    const ctx = await app.ctx()
    const statements = [
      ctx.db.update(memberships).set(set).where(isMembership(userId)),
      ctx.db.update(users).set({ claimsVersion: sql`claims_version + 1` }).where(eq(users.id, userId)),
    ] as const
    const claimsVersion = sql`(select claims_version from users where id = ${userId})`
    const event = draft(type, { subject: userId, userId, claimsVersion })
    return (await commitAndPropagate(ctx, statements, event)).propagated
  }

  const change = async (set: Record<string, unknown>, drafts: readonly CommittedEvent[]): Promise<boolean> => {
    const ctx = await app.ctx()
    const statement = ctx.db
      .update(organizations)
      .set(set as Organization)
      .where(eq(organizations.id, id))
    return (await commitAndPropagate(ctx, [statement], ...drafts)).propagated
  }

  /** A change that takes from all members raises the organization's version. */
  const raise = (set: Organization, type: EventName): Promise<boolean> => {
    const version = sql`(select version from organizations where id = ${id})`
    return change({ ...set, version: sql`version + 1` }, [
      draft(type, { computedFeedEntry: versionEntry('organization', id, version) }),
    ])
  }

  const addMember = async (userId: string, role: string, fields: Membership = {}): Promise<void> => {
    const joinedAt = Date.now()
    const row = { id: newUuid(), organizationId: id, userId, role, joinedAt, takenUpAt: joinedAt, ...fields }
    await (await app.ctx()).db.insert(memberships).values(row)
  }

  return {
    id,
    channel,
    addMember,
    /** A new user with a membership. */
    member: async (role = 'member', fields: Membership = {}) => {
      const user = await freshUser(app)
      await addMember(user.id, role, fields)
      return user
    },
    /** Commits events that concern no user, each with a change. */
    publish: (...types: EventName[]): Promise<boolean> =>
      change(
        { updatedAt: Date.now() },
        types.map((type) => draft(type)),
      ),
    remove: (userId: string) => changeMember(userId, { removedAt: Date.now() }, 'organization.member_removed'),
    changeRole: (userId: string, role: string) => changeMember(userId, { role }, 'organization.role_changed'),
    delete: () => raise({ deletedAt: Date.now() }, 'organization.deleted'),
    requireTwoFactors: () => raise({ requireTwoFactors: true }, 'organization.updated'),
  }
}

export type TestOrganization = Awaited<ReturnType<typeof freshOrganization>>

/** A new session of the user, whose tokens have the claims that the user's row has when they are made. */
export async function openSessionOf(app: TestApp, userId: string, amr: readonly string[] = ['pwd']) {
  const user = await findUser(await app.ctx(), userId)
  if (!user) throw new Error('no such user')
  let { tokens } = await openSession(await app.ctx(), { user, amr })
  return {
    token: tokens.accessToken,
    refresh: async (): Promise<string> => {
      const { refreshToken } = tokens
      tokens = (await refreshSession(await app.ctx(), { refreshToken, idempotencyKey: null })).tokens
      return tokens.accessToken
    },
  }
}

export async function subscribe(socket: TestSocket, channel: string): Promise<Frame> {
  const before = socket.frames.length
  socket.send({ type: 'subscribe', channel })
  return vi.waitFor(
    () => {
      const answer = socket.frames
        .slice(before)
        .find(({ type, data }) => (type === 'subscribed' || type === 'error') && data?.channel === channel)
      if (!answer) throw new Error('no answer yet')
      return answer
    },
    { timeout: 10_000, interval: 5 },
  )
}

export async function connectTo(app: TestApp, token: string, channel: string): Promise<TestSocket> {
  const socket = await connect(app, { token })
  const answer = await subscribe(socket, channel)
  if (answer.type !== 'subscribed') throw new Error(JSON.stringify(answer))
  return socket
}

/** The names of the events on a channel that came, without what sessions of its members are and do. */
export const heardOn = (socket: TestSocket, channel: string): string[] =>
  socket.events().flatMap(({ type, ...frame }) => (frame.channel === channel && !OF_SESSIONS.test(type) ? [type] : []))

const OF_SESSIONS = /^(session\.created|user\.signed_in|security\.new_device)$/

/** Waits until the events of the channel are these. */
export const waitToHear = (socket: TestSocket, channel: string, types: readonly string[]): Promise<void> =>
  vi.waitFor(
    () => {
      if (JSON.stringify(heardOn(socket, channel)) !== JSON.stringify(types))
        throw new Error(`heard ${JSON.stringify(heardOn(socket, channel))}`)
    },
    { timeout: 10_000, interval: 5 },
  )

/** Resolves when the socket has answered every frame before. */
export async function settle(socket: TestSocket): Promise<void> {
  const pongs = socket.frames.filter(({ type }) => type === 'pong').length
  socket.send({ type: 'ping', timestamp: newUuid() })
  await socket.count('pong', pongs + 1)
}

/** What the user's object asks of others is changed, until the returned function is called. */
export function changeContext(
  userId: string,
  change: (ctx: EarlyCtx) => Partial<EarlyCtx>,
): Promise<() => Promise<void>> {
  return runInDurableObject(userStub(userId), (object) => {
    const real = object.context
    object.context = () => {
      const ctx = real()
      return { ...ctx, ...change(ctx) }
    }
    return () =>
      runInDurableObject(userStub(userId), (again) => {
        again.context = real
      })
  })
}

export const down = (): never => {
  throw new Error('down')
}

/** Whether an open socket of the user is subscribed, as its object sees it. */
export const isSubscribed = (userId: string, channel: string): Promise<boolean> =>
  runInDurableObject(userStub(userId), (_, state) =>
    state
      .getWebSockets()
      .filter((socket) => socket.readyState === WebSocket.OPEN)
      .some((socket) => channel in socket.deserializeAttachment().positions),
  )

export const forbidden = (channel: string) => ({ type: 'error', data: { error: 'forbidden_channel', channel } })
