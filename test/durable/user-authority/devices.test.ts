import { describe, expect, it } from 'vitest'
import { type Authority, callerAt, freshAuthority, HOME } from './support.ts'

const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko)'
const CHROME_130 = `${MAC} Chrome/130.0.0.0 Safari/537.36`
const CHROME_131 = `${MAC} Chrome/131.0.0.0 Safari/537.36`
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1'

const openFrom = async (
  user: Authority,
  caller: { userAgent?: string | null; country?: string | null; ip?: string },
) => {
  const result = await user.tryOpen({ caller: { ...callerAt(HOME), userAgent: CHROME_130, ...caller } })
  if (result.outcome !== 'opened') throw new Error(result.outcome)
  return result
}

const newDevices = async (user: Authority) => (await user.events()).filter(({ type }) => type === 'security.new_device')

const countDevices = (user: Authority): Promise<number> =>
  user.inside(
    (_, state) => state.storage.sql.exec<{ count: number }>('select count(*) as count from devices').one().count,
  )

describe('the device that a session is opened from', () => {
  it('is not new at the first sign-in, nor at the next', async () => {
    const user = await freshAuthority()
    expect((await openFrom(user, {})).isNewDevice).toBe(false)
    expect((await openFrom(user, {})).isNewDevice).toBe(false)
    expect(await newDevices(user)).toEqual([])
  })

  it('is not new after an update of the browser, nor on another network in the same country', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    expect((await openFrom(user, { userAgent: CHROME_131, ip: '192.0.2.77' })).isNewDevice).toBe(false)
  })

  it('is new with another kind of device, once, and is recorded', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    const { isNewDevice, grant } = await openFrom(user, { userAgent: IPHONE })
    expect(isNewDevice).toBe(true)
    expect((await openFrom(user, { userAgent: IPHONE })).isNewDevice).toBe(false)
    expect(await newDevices(user)).toMatchObject([
      {
        subject: user.userId,
        sessionId: grant.session.id,
        actor: { type: 'user', id: user.userId },
        ip: HOME,
        data: { device_name: 'iPhone', device_type: 'mobile', country: 'NL' },
      },
    ])
  })

  it('is new in another country, and in an unknown one', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    expect((await openFrom(user, { country: 'BR' })).isNewDevice).toBe(true)
    expect((await openFrom(user, { country: null })).isNewDevice).toBe(true)
    expect((await openFrom(user, { userAgent: null, country: null })).isNewDevice).toBe(true)
  })

  it('is new for only one of many racing sign-ins', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    const all = await Promise.all(Array.from({ length: 8 }, () => openFrom(user, { userAgent: IPHONE })))
    expect(all.filter(({ isNewDevice }) => isNewDevice)).toHaveLength(1)
    expect(await newDevices(user)).toHaveLength(1)
  })

  it('is not remembered after a refused sign-in', async () => {
    const user = await freshAuthority()
    await user.open({ authVersion: 2, caller: { ...callerAt(HOME), userAgent: CHROME_130 } })
    expect((await user.tryOpen({ authVersion: 1, caller: { ...callerAt(HOME), userAgent: IPHONE } })).outcome).toBe(
      'stale_credentials',
    )
    expect(await user.tryOpen({ authVersion: 2, caller: { ...callerAt(HOME), userAgent: IPHONE } })).toMatchObject({
      isNewDevice: true,
    })
  })

  it('is one of at most fifty: the one not seen for longest is deleted', async () => {
    const user = await freshAuthority()
    const kind = (index: number) => ({ country: `country ${index}` })
    for (let index = 0; index < 50; index += 1) {
      await openFrom(user, kind(index))
      user.clock.now += 1000
    }
    expect((await openFrom(user, kind(0))).isNewDevice).toBe(false)
    user.clock.now += 1000
    await openFrom(user, kind(50))
    expect(await countDevices(user)).toBe(50)
    user.clock.now += 1000
    expect((await openFrom(user, kind(0))).isNewDevice).toBe(false)
    expect((await openFrom(user, kind(1))).isNewDevice).toBe(true)
  })

  it('is stored as a hash, without user agent and country', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    const rows = await user.inside((_, state) => state.storage.sql.exec('select * from devices').toArray())
    expect(rows).toEqual([{ fingerprint: expect.stringMatching(/^[\w-]{43}$/), last_seen_at: user.clock.now }])
  })

  it('is not new to a user from before devices were remembered', async () => {
    const user = await freshAuthority()
    await openFrom(user, {})
    await user.inside((_, state) => {
      state.storage.sql.exec('drop table devices')
      state.storage.sql.exec("delete from migrations where part = 'devices'")
    })
    await user.restart()
    expect((await openFrom(user, { userAgent: IPHONE })).isNewDevice).toBe(false)
    expect((await openFrom(user, {})).isNewDevice).toBe(true)
  })
})
