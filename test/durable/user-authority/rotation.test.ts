import { describe, expect, it } from 'vitest'
import type { RotateInput, RotateResult } from '../../../src/durable/rpc.ts'
import { callerAt, freshAuthority, OTHER_NETWORK } from './support.ts'

const SECOND = 1000

function granted(result: RotateResult) {
  if (result.outcome === 'refused') throw new Error(`refused: ${result.reason}`)
  return result.grant
}

const withKey = (key: string): Partial<RotateInput> => ({ idempotencyKeyHash: key })
const from = (ip: string): Partial<RotateInput> => ({ caller: callerAt(ip) })

describe('the current generation', () => {
  it('advances by one, with a new proof', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    user.clock.now += 5 * SECOND
    const result = await user.rotate(first)
    expect(result.outcome).toBe('rotated')
    const second = granted(result)
    expect(second.generation).toBe(first.generation + 1)
    expect(second.proof).not.toEqual(first.proof)
    expect(second.advancedAt).toBe(user.clock.now)
  })

  it('updates last use and idle expiry, and records no event', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    user.clock.now += 3600 * SECOND
    const { session } = granted(await user.rotate(first, from(OTHER_NETWORK)))
    expect(session).toMatchObject({ lastActiveAt: user.clock.now, ip: OTHER_NETWORK })
    expect(session.expiresAt - first.session.expiresAt).toBe(3600 * SECOND)
    expect(await user.eventTypes()).toEqual(['user.signed_in', 'session.created'])
  })

  it('gives 50 parallel refreshes of one token one successor', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const results = await Promise.all(Array.from({ length: 50 }, () => user.rotate(first)))
    expect(results.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1)
    const grants = results.map(granted)
    expect(new Set(grants.map(({ generation }) => generation))).toEqual(new Set([2]))
    expect(new Set(grants.map(({ proof }) => String(proof))).size).toBe(1)
    expect(new Set(grants.map(({ advancedAt }) => advancedAt)).size).toBe(1)
  })
})

describe('an older generation', () => {
  it('is answered again until the end of the window, each time with an event that tells whether the network is the same', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const second = granted(await user.rotate(first))
    user.clock.now += 10 * SECOND
    const replay = await user.rotate(first, from(OTHER_NETWORK))
    expect(replay).toMatchObject({ outcome: 'replayed', grant: { generation: 2, advancedAt: second.advancedAt } })
    expect(granted(replay).proof).toEqual(second.proof)
    const event = (await user.events()).at(-1)
    expect(event).toMatchObject({
      type: 'session.refresh_replayed',
      sessionId: first.session.id,
      data: { same_network: false },
    })
    await user.rotate(first)
    expect((await user.events()).at(-1)).toMatchObject({ data: { same_network: true } })
  })

  it('gets the current generation when more than one advance has passed in the window', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const third = granted(await user.rotate(granted(await user.rotate(first))))
    const replay = await user.rotate(first)
    expect(replay).toMatchObject({ outcome: 'replayed', grant: { generation: 3, advancedAt: third.advancedAt } })
  })

  it('counts the window from its own advance, not from the latest', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const second = granted(await user.rotate(first))
    user.clock.now += 9 * SECOND
    await user.rotate(second)
    user.clock.now += 2 * SECOND
    expect(await user.rotate(second)).toMatchObject({ outcome: 'replayed' })
    expect(await user.rotate(first)).toEqual({ outcome: 'refused', reason: 'reuse' })
  })

  it('ends the session after the window as reuse, with an event; every later token is refused', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const second = granted(await user.rotate(first))
    user.clock.now += 10 * SECOND + 1
    expect(await user.rotate(first, from(OTHER_NETWORK))).toEqual({ outcome: 'refused', reason: 'reuse' })
    expect(await user.rotate(second)).toEqual({ outcome: 'refused', reason: 'ended' })
    expect((await user.eventTypes()).slice(2)).toEqual(['session.reuse_detected', 'session.revoked'])
    expect((await user.events()).at(-1)).toMatchObject({ data: { reason: 'refresh_reuse' } })
    const [ended] = await user.stub.listSessions({ userId: user.userId, withEnded: true })
    expect(ended).toMatchObject({ endReason: 'refresh_reuse', endedAt: user.clock.now })
  })

  it('is answered again with the key of its advance until the access token of that advance expires', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    await user.rotate(first, withKey('key-1'))
    user.clock.now += 599 * SECOND
    expect(await user.rotate(first, withKey('key-1'))).toMatchObject({ outcome: 'replayed' })
  })

  it('is reuse with its key once that access token has expired', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    await user.rotate(first, withKey('key-1'))
    user.clock.now += 600 * SECOND
    expect(await user.rotate(first, withKey('key-1'))).toEqual({ outcome: 'refused', reason: 'reuse' })
  })

  it('is reuse after the window with another key, or with a key when its advance had none', async () => {
    for (const key of ['key-1', null]) {
      const user = await freshAuthority()
      const first = await user.open()
      await user.rotate(first, { idempotencyKeyHash: key })
      user.clock.now += 11 * SECOND
      expect(await user.rotate(first, withKey('key-2'))).toEqual({ outcome: 'refused', reason: 'reuse' })
    }
  })
})

describe('generations that are replayed from another network', () => {
  async function replayed(count: number, caller: string, key: string | null = null) {
    const user = await freshAuthority()
    let grant = await user.open()
    const outcomes: string[] = []
    for (let turn = 0; turn < count; turn += 1) {
      const next = granted(await user.rotate(grant, { idempotencyKeyHash: key && `${key}${turn}` }))
      const again = await user.rotate(grant, { ...from(caller), idempotencyKeyHash: key && `${key}${turn}` })
      outcomes.push(again.outcome)
      grant = next
    }
    return outcomes
  }

  it('are reuse at the third consecutive generation', async () => {
    expect(await replayed(3, OTHER_NETWORK)).toEqual(['replayed', 'replayed', 'refused'])
  })

  it('are not reuse from the same network, from another address family, or with the key of each advance', async () => {
    const thrice = ['replayed', 'replayed', 'replayed', 'replayed']
    expect(await replayed(4, '203.0.113.200')).toEqual(thrice)
    expect(await replayed(4, '2001:db8::1')).toEqual(thrice)
    expect(await replayed(4, OTHER_NETWORK, 'key')).toEqual(thrice)
  })

  it('are counted anew after a generation that was not replayed from another network', async () => {
    const user = await freshAuthority()
    let grant = await user.open()
    for (const isReplayed of [true, true, false, true, true]) {
      const next = granted(await user.rotate(grant))
      if (isReplayed) expect((await user.rotate(grant, from(OTHER_NETWORK))).outcome).toBe('replayed')
      grant = next
    }
  })

  it('count in any order and at any speed', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const second = granted(await user.rotate(first))
    await user.rotate(first, from(OTHER_NETWORK))
    user.clock.now += 60 * SECOND
    const third = granted(await user.rotate(second))
    const fourth = granted(await user.rotate(third))
    expect((await user.rotate(third, from(OTHER_NETWORK))).outcome).toBe('replayed')
    expect(await user.rotate(second, from(OTHER_NETWORK))).toEqual({ outcome: 'refused', reason: 'reuse' })
    expect(await user.rotate(fourth)).toEqual({ outcome: 'refused', reason: 'ended' })
  })
})

describe('a token that is refused', () => {
  it('from the future ends the session: storage was rolled back, or a key leaked', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    const second = granted(await user.rotate(first))
    await user.inside((_, state) => state.storage.sql.exec('update sessions set generation = 1').rowsWritten)
    expect(await user.rotate(second)).toEqual({ outcome: 'refused', reason: 'from_the_future' })
    expect(await user.rotate(first)).toEqual({ outcome: 'refused', reason: 'ended' })
    expect((await user.events()).at(-1)).toMatchObject({ data: { reason: 'refresh_from_the_future' } })
  })

  it('with a wrong proof changes nothing, whatever generation it claims', async () => {
    const user = await freshAuthority()
    const first = await user.open()
    for (const generation of [0, 1, 2, 4_294_967_295])
      expect(await user.rotate({ ...first, generation, proof: new Uint8Array(16) })).toMatchObject({
        outcome: 'refused',
        reason: 'wrong_proof',
      })
    expect((await user.rotate({ ...first, proof: first.proof.slice(0, 15) })).outcome).toBe('refused')
    expect((await user.rotate(first)).outcome).toBe('rotated')
  })

  it('of an unknown, a revoked or an expired session is refused with a reason for the log', async () => {
    const user = await freshAuthority()
    const [unknown, revoked, expired] = [await user.open(), await user.open(), await user.open()]
    await user.end(revoked.session.id)
    const reason = async (result: Promise<RotateResult>) => {
      const settled = await result
      return settled.outcome === 'refused' ? settled.reason : settled.outcome
    }
    const stranger = { ...unknown, session: { ...unknown.session, id: crypto.randomUUID() } }
    expect(await reason(user.rotate(stranger))).toBe('unknown_session')
    expect(await reason(user.rotate(revoked))).toBe('ended')
    user.clock.now = expired.session.expiresAt
    expect(await reason(user.rotate(expired))).toBe('expired')
    expect(await reason(user.rotate(expired))).toBe('expired')
  })

  it('expires at the absolute lifetime however often the session was refreshed', async () => {
    const user = await freshAuthority()
    const start = user.clock.now
    let grant = await user.open()
    for (let day = 6; day < 30; day += 6) {
      user.clock.now = start + day * 86_400 * SECOND
      grant = granted(await user.rotate(grant))
    }
    expect(grant.session.expiresAt).toBe(start + 30 * 86_400 * SECOND)
    user.clock.now = start + 30 * 86_400 * SECOND
    expect(await user.rotate(grant)).toEqual({ outcome: 'refused', reason: 'expired' })
  })
})

describe('a refresh whose row is newer than the session', () => {
  it('ends the session', async () => {
    const user = await freshAuthority()
    const grant = await user.open()
    expect(await user.rotate(grant, { authVersion: 2 })).toEqual({ outcome: 'refused', reason: 'stale_credentials' })
    expect((await user.events()).at(-1)).toMatchObject({ data: { reason: 'credentials_changed' } })
  })

  it('keeps the session that the change spares, under the new version', async () => {
    const user = await freshAuthority()
    const kept = await user.open()
    const other = await user.open()
    const changed = { authVersion: 2, keptSessionId: kept.session.id }
    const next = granted(await user.rotate(kept, changed))
    const version = await user.inside((_, { storage }) =>
      storage.sql.exec('select auth_version from sessions where id = ?', kept.session.id).one(),
    )
    expect(version).toEqual({ auth_version: 2 })
    expect(await user.rotate(other, changed)).toMatchObject({ reason: 'stale_credentials' })
    expect((await user.rotate(next, { authVersion: 3, keptSessionId: null })).outcome).toBe('refused')
  })

  it('is remembered for a later refresh that has read the row before the change', async () => {
    const user = await freshAuthority()
    const kept = await user.open()
    const other = await user.open()
    await user.rotate(kept, { authVersion: 2, keptSessionId: kept.session.id })
    expect(await user.rotate(other, { authVersion: 1 })).toMatchObject({ reason: 'stale_credentials' })
  })
})

it('keeps the advances of the window, those with a valid key and the last three, and no others', async () => {
  const user = await freshAuthority()
  let grant = await user.open()
  for (let turn = 1; turn <= 6; turn += 1) {
    user.clock.now += 60 * SECOND
    grant = granted(await user.rotate(grant, { idempotencyKeyHash: turn === 1 ? 'key' : null }))
  }
  const kept = () =>
    user.inside((_, state) =>
      state.storage.sql
        .exec<{ generation: number }>('select generation from advances order by generation')
        .toArray()
        .map(({ generation }) => generation),
    )
  expect(await kept()).toEqual([1, 4, 5, 6])
  user.clock.now += 600 * SECOND
  await user.rotate(grant)
  expect(await kept()).toEqual([5, 6, 7])
})

it('inspects a token without changing anything', async () => {
  const user = await freshAuthority()
  const first = await user.open()
  const inspect = (grant: typeof first) =>
    user.stub.inspect({
      userId: user.userId,
      sessionId: grant.session.id,
      generation: grant.generation,
      proof: grant.proof,
    })
  const second = granted(await user.rotate(first))
  expect(await inspect(first)).toMatchObject({ active: true, session: { id: first.session.id } })
  user.clock.now += 11 * SECOND
  expect(await inspect(first)).toEqual({ active: false })
  expect(await inspect(second)).toMatchObject({ active: true })
  expect(await inspect({ ...second, proof: first.proof })).toEqual({ active: false })
  expect((await user.rotate(second)).outcome).toBe('rotated')
  await user.end(first.session.id)
  expect(await inspect(second)).toEqual({ active: false })
})
