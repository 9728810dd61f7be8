import { describe, expect, it } from 'vitest'
import type { Grant } from '../../../src/durable/rpc.ts'
import { createTestApp } from '../../support/app.ts'
import { type Authority, callerAt, freshAuthority, HOME } from './support.ts'

const HOUR_S = 3600
const kept = (grant: Grant, authVersion = 2) => ({ authVersion, keptSessionId: grant.session.id, claimsVersion: 1 })

/** What a page asks of the object, with the user's row as it was read. */
const use = (on: Authority, grant: Grant, row: ReturnType<typeof kept>) =>
  on.stub.useBrowser({
    userId: on.userId,
    sessionId: grant.session.id,
    generation: grant.generation,
    proof: grant.proof,
    ...row,
    caller: callerAt(HOME),
  })

async function openedBrowser() {
  const authority = await freshAuthority()
  return { authority, grant: await authority.open({ browserIdleSeconds: HOUR_S }) }
}

describe('the cookie of a browser whose session a change of credentials keeps', () => {
  it('is that of before from the first call that knows of the change, which may be any page', async () => {
    const { authority, grant } = await openedBrowser()
    const first = await use(authority, grant, kept(grant))
    expect(first).toMatchObject({ outcome: 'used', grant: { generation: 2 } })
    // The change's own call comes later, and moves nothing again.
    await authority.stub.endSessions({
      userId: authority.userId,
      authVersion: 2,
      except: grant.session.id,
      reason: 'credentials_changed',
      actor: { type: 'user', id: authority.userId },
      caller: callerAt(HOME),
    })
    const second = await use(authority, grant, kept(grant))
    expect(second).toMatchObject({ outcome: 'used', grant: { generation: 2 } })
    authority.clock.now += 11_000
    expect(await use(authority, grant, kept(grant))).toEqual({ outcome: 'refused', reason: 'superseded' })
  })
})

const raise = (on: Authority, grant: Grant, row: ReturnType<typeof kept>, isOfChange = false) =>
  on.stub.raise({
    userId: on.userId,
    sessionId: grant.session.id,
    amr: ['otp', 'mfa'],
    authTime: on.clock.now,
    isOfChange,
    ...row,
    caller: callerAt(HOME),
  })

describe("a browser's session that a factor steps up", () => {
  it('moves on once, also where that call is the first to know of a change', async () => {
    const { authority, grant } = await openedBrowser()
    expect(await raise(authority, grant, kept(grant, 1))).toMatchObject({ grant: { generation: 2 } })
    expect(await raise(authority, grant, kept(grant, 2))).toMatchObject({ grant: { generation: 3 } })
  })

  it('moves on by the change that the factor came with alone, whichever call tells of it first', async () => {
    const { authority, grant } = await openedBrowser()
    expect(await use(authority, grant, kept(grant))).toMatchObject({ grant: { generation: 2 } })
    expect(await raise(authority, grant, kept(grant), true)).toMatchObject({ grant: { generation: 2 } })
    const unheard = await openedBrowser()
    expect(await raise(unheard.authority, unheard.grant, kept(unheard.grant), true)).toMatchObject({
      grant: { generation: 2 },
    })
  })
})

describe('a session that takes the place of another', () => {
  it('ends that, and no third one at the cap', async () => {
    const { MAX_SESSIONS_PER_USER } = (await createTestApp().ctx()).config
    const authority = await freshAuthority()
    const first = await authority.open()
    const grant = await authority.open({ browserIdleSeconds: HOUR_S })
    for (let more = 2; more < MAX_SESSIONS_PER_USER; more += 1) await authority.open()
    const ended = await authority.tryOpen({ replaces: grant.session.id })
    expect(ended).toMatchObject({ outcome: 'opened', ended: [grant.session.id] })
    expect(await use(authority, grant, kept(grant, 1))).toEqual({ outcome: 'refused', reason: 'ended' })
    expect(await authority.rotate(first)).toMatchObject({ outcome: 'rotated' })
  })
})

describe('a session that stands on that of a browser', () => {
  const on = (grant: Grant) => ({ standsOn: { sessionId: grant.session.id, generation: grant.generation } })

  it('opens while that is as it was', async () => {
    const { authority, grant } = await openedBrowser()
    expect(await authority.tryOpen(on(grant))).toMatchObject({ outcome: 'opened' })
  })

  it('does not once that has ended, or gone on without the others', async () => {
    const { authority, grant } = await openedBrowser()
    await authority.stub.endSessions({
      userId: authority.userId,
      authVersion: null,
      except: grant.session.id,
      reason: 'revoked',
      actor: { type: 'user', id: authority.userId },
      caller: callerAt(HOME),
    })
    expect(await authority.tryOpen(on(grant))).toEqual({ outcome: 'stale_credentials' })
    const moved = { ...grant, generation: grant.generation + 1 }
    expect(await authority.tryOpen(on(moved))).toMatchObject({ outcome: 'opened' })
    await authority.end(grant.session.id)
    expect(await authority.tryOpen(on(moved))).toEqual({ outcome: 'stale_credentials' })
  })
})
