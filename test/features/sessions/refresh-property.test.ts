import { runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { ActorCtx, Ctx } from '../../../src/context.ts'
import type { UserAuthority } from '../../../src/durable/user-authority/user-authority.ts'
import type { UserClaims } from '../../../src/features/keys/types.ts'
import { enterOrganization } from '../../../src/features/memberships/service.ts'
import { changeMemberRole, removeMember } from '../../../src/features/organizations/service/membership-changes.ts'
import { decodeRefreshToken } from '../../../src/features/sessions/rules/refresh-token.ts'
import { activateOrganization, openSession } from '../../../src/features/sessions/service/opening.ts'
import { refreshSession } from '../../../src/features/sessions/service/refreshing.ts'
import type { Tokens } from '../../../src/features/sessions/types.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { DomainError } from '../../../src/lib/errors.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, enroll, openPerson, type Team } from '../../support/organizations.ts'
import { claimsOf } from '../../support/tokens.ts'

const SECOND = 1000
const WINDOW_MS = 10 * SECOND
const KEY_MS = 600 * SECOND
const PLACES = 3

/** A refresh with the token so many before the newest, which names none, or an organization; the last is never the user's. */
interface Refresh {
  readonly back: number
  readonly names: number | null
}

type Change =
  | { readonly do: 'remove' | 'join' | 'require' | 'relax' | 'activate'; readonly place: number }
  | { readonly do: 'give'; readonly place: number; readonly role: 'viewer' | 'admin' }
  | { readonly do: 'suspend' | 'deactivate' }

interface Step {
  readonly after: number
  /** Each token comes with an idempotency key of its own. */
  readonly hasKeys: boolean
  readonly change: Change | null
  /** The change and the refreshes are sent together; else the change comes before. */
  readonly races: boolean
  readonly refreshes: readonly Refresh[]
}

const place = fc.nat(PLACES - 1)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('remove', 'join', 'activate'), place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('require', 'relax'), place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('give'), place, role: fc.constantFrom('viewer', 'admin') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('deactivate') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('suspend') }) },
) as fc.Arbitrary<Change>

const step: fc.Arbitrary<Step> = fc.record({
  after: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 4 * SECOND }) },
    { weight: 2, arbitrary: fc.constantFrom(WINDOW_MS, WINDOW_MS + 1, 60 * SECOND) },
  ),
  hasKeys: fc.constantFrom(true, true, false),
  change: fc.option(change, { freq: 2 }),
  races: fc.boolean(),
  refreshes: fc.array(
    fc.record({
      back: fc.constantFrom(0, 0, 0, 1, 1, 2),
      names: fc.option(fc.nat(PLACES), { freq: 2 }),
    }),
    { maxLength: 4 },
  ),
})

interface Standing {
  /** By place; null for none that counts. */
  readonly roles: (string | null)[]
  readonly requires: boolean[]
  /** The session's. */
  active: number | null
  isOpen: boolean
}

/** What the specification says of the sequence so far. */
class Expectations {
  readonly tokens: string[]
  readonly standing: Standing = {
    roles: ['member', 'member', null],
    requires: [false, false, false],
    active: 0,
    isOpen: true,
  }
  readonly advanced = new Map<number, { at: number; hasKey: boolean }>()

  constructor(first: string) {
    this.tokens = [first]
  }

  get newest(): number {
    return this.tokens.length - 1
  }

  apply(change: Change): void {
    const { roles, requires } = this.standing
    switch (change.do) {
      case 'remove':
        roles[change.place] = null
        return
      case 'join':
        roles[change.place] ??= 'member'
        return
      case 'give':
        if (roles[change.place]) roles[change.place] = change.role
        return
      case 'require':
      case 'relax':
        requires[change.place] = change.do === 'require'
        return
      case 'activate':
        if (this.standing.isOpen && roles[change.place]) this.standing.active = change.place
        return
      case 'deactivate':
        if (this.standing.isOpen) this.standing.active = null
        return
      case 'suspend':
        this.standing.isOpen = false
    }
  }

  /** Whether a token may be refreshed: it is the newest, or its answer may have been lost. */
  isGood(generation: number, { hasKey, now }: { hasKey: boolean; now: number }): boolean {
    const advance = this.advanced.get(generation)
    if (!advance) return true
    const keyIsGood = now < Math.floor(advance.at / SECOND) * SECOND + KEY_MS
    if (hasKey && advance.hasKey && keyIsGood) return true
    return now - advance.at <= WINDOW_MS
  }
}

const app = createTestApp()

interface World {
  readonly userId: string
  readonly teams: readonly Team[]
  readonly foreign: Team
  readonly clock: { now: number }
  readonly first: Tokens
  ctx(): Promise<Ctx>
}

async function newWorld(teams: readonly Team[], foreign: Team): Promise<World> {
  const clock = { now: Date.now() }
  const person = await openPerson(app)
  const stub = env.USER_AUTHORITY.getByName(person.id) as unknown as DurableObjectStub<UserAuthority>
  await runInDurableObject(stub, (object) => {
    object.clock = () => clock.now
  })
  const ctx = async () => ({ ...(await app.ctx()), now: () => clock.now })
  for (const { id } of teams.slice(0, 2)) await enroll(app, id, person.id, 'member')
  const { tokens } = await openSession(await ctx(), {
    user: person.user,
    amr: ['pwd'],
    organizationId: teams[0]?.id ?? null,
  })
  return { userId: person.id, teams, foreign, clock, first: tokens, ctx }
}

const actorFor = (id: string): ActorCtx['actor'] =>
  ({ type: 'user', id, roles: ['user'], acr: 'aal2' }) as unknown as ActorCtx['actor']

/** Does it; a change that does not apply is refused. */
async function carryOut(world: World, change: Change, claims: UserClaims): Promise<void> {
  const ctx = await world.ctx()
  const { userId, clock } = world
  const asUser = {
    ...ctx,
    actor: {
      ...actorFor(userId),
      sessionId: claims.sid,
      authTime: claims.auth_time,
      expiresAt: Math.floor(clock.now / SECOND) + 60,
    },
  }
  const team = 'place' in change ? world.teams[change.place] : undefined
  const asOwner = async () => {
    const owner = { ...ctx, actor: actorFor(team?.owner.id ?? '') }
    return { ...owner, place: await enterOrganization(owner, { id: team?.id ?? '' }, 'owner') }
  }
  switch (change.do) {
    case 'remove':
      await removeMember(await asOwner(), userId)
      return
    case 'join':
      await enroll(app, team?.id ?? '', userId, 'member')
      return
    case 'give':
      await changeMemberRole(await asOwner(), { userId, role: change.role })
      return
    case 'require':
    case 'relax':
      // Of this user's own organizations alone.
      await env.DB.prepare('update organizations set require_two_factors = ?, version = version + 1 where id = ?')
        .bind(change.do === 'require' ? 1 : 0, team?.id)
        .run()
      return
    case 'activate':
      await activateOrganization(asUser, team?.id ?? null)
      return
    case 'deactivate':
      await activateOrganization(asUser, null)
      return
    case 'suspend':
      await changeUserState(ctx, { userId, change: 'suspend', actor: { type: 'system', id: 'test' } })
  }
}

interface Answered {
  readonly presented: number
  /** From 0, as `tokens` are counted. */
  readonly generation: number
  readonly refreshToken: string
  readonly claims: UserClaims
}

async function refresh(world: World, expected: Expectations, step: Step, { back, names }: Refresh) {
  const presented = Math.max(0, expected.newest - back)
  const refreshToken = expected.tokens[presented] ?? ''
  const ctx = await world.ctx()
  const named = names === null ? undefined : [...world.teams, world.foreign][names]?.id
  const result = await refreshSession(ctx, {
    refreshToken,
    idempotencyKey: step.hasKeys ? `key of ${presented}` : null,
    organizationId: named,
  }).catch((cause: unknown) => {
    if (cause instanceof DomainError) return cause.code
    throw cause
  })
  if (typeof result === 'string') return { presented, names, code: result, answered: null }
  const { generation = 0 } = (await decodeRefreshToken(ctx.config.rootKeys, result.tokens.refreshToken)) ?? {}
  const { refreshToken: successor, accessToken } = result.tokens
  const answered: Answered = {
    presented,
    generation: generation - 1,
    refreshToken: successor,
    claims: claimsOf(accessToken),
  }
  return { presented, names, code: 'answered', answered }
}

/** The answer to a good token: a code, or which place the token is of, with the role. */
function answerTo({ teams }: World, standing: Standing, names: number | null): string {
  if (!standing.isOpen) return 'TOKEN_ERROR'
  if (names !== null && !standing.roles[names]) return 'NOT_A_MEMBER'
  const at = names ?? standing.active
  const isIn = at !== null && standing.roles[at] && !standing.requires[at]
  return isIn ? `${teams[at]?.id} ${standing.roles[at]}` : 'none'
}

/** A token that is not outdated says only what is so now. */
async function requireTrue(world: World, { claims }: Answered, standing: Standing): Promise<void> {
  if (claims.org_id === null) return
  const current = await env.DB.prepare(
    'select claims_version as ver, (select version from organizations where id = ?) as org_ver from users where id = ?',
  )
    .bind(claims.org_id, world.userId)
    .first<{ ver: number; org_ver: number }>()
  const isOutdated = claims.ver < (current?.ver ?? 0) || (claims.org_ver ?? 0) < (current?.org_ver ?? 0)
  if (isOutdated) return
  const at = world.teams.findIndex(({ id }) => id === claims.org_id)
  expect([standing.roles[at], standing.requires[at]]).toEqual([claims.org_role, false])
}

async function play(world: World, expected: Expectations, step: Step, last: UserClaims): Promise<UserClaims> {
  world.clock.now += step.after
  const { change } = step
  const carry = async () => {
    if (!change) return
    await carryOut(world, change, last).catch((cause: unknown) => {
      if (!(cause instanceof DomainError || String(cause).includes('not enrolled'))) throw cause
    })
  }
  const before = structuredClone(expected.standing)
  if (change) expected.apply(change)
  const after = structuredClone(expected.standing)
  if (!step.races) await carry()
  const call = { hasKey: step.hasKeys, now: world.clock.now }
  const [results] = await Promise.all([
    Promise.all(step.refreshes.map((one) => refresh(world, expected, step, one))),
    step.races ? carry() : undefined,
  ])
  const newest = expected.newest
  const isReused = before.isOpen && results.some(({ presented }) => !expected.isGood(presented, call))
  for (const { presented, names, code, answered } of results) {
    const said = answered
      ? answered.claims.org_id
        ? `${answered.claims.org_id} ${answered.claims.org_role}`
        : 'none'
      : code
    const possible = new Set(
      (step.races ? [before, after] : [after]).map((standing) => answerTo(world, standing, names)),
    )
    // Whoever comes after a reuse finds the session ended.
    if (isReused || !expected.isGood(presented, call)) possible.add('TOKEN_ERROR')
    if (!expected.isGood(presented, call)) expect(said).toBe('TOKEN_ERROR')
    else expect([...possible]).toContain(said)
    if (!answered) continue
    const { generation, refreshToken } = answered
    expect(presented === newest ? [newest + 1] : [newest, newest + 1]).toContain(generation)
    expect(refreshToken, 'one successor').toBe(expected.tokens[generation] ?? refreshToken)
    expected.tokens[generation] = refreshToken
    await requireTrue(world, answered, after)
  }
  if (expected.newest > newest) expected.advanced.set(newest, { at: call.now, hasKey: step.hasKeys })
  if (isReused) expected.standing.isOpen = false
  return results.findLast(({ answered }) => answered)?.answered?.claims ?? last
}

it('gives a session one successor a token, each access token of the place that was asked for, and never of one that is lost', async () => {
  const [foreign, ...teams] = await Promise.all(Array.from({ length: PLACES + 1 }, () => createTeam(app)))
  if (!foreign) throw new Error('no organization was made')
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const ids = JSON.stringify(teams.map(({ id }) => id))
      await env.DB.prepare(
        'update organizations set require_two_factors = 0 where id in (select value from json_each(?))',
      )
        .bind(ids)
        .run()
      const world = await newWorld(teams, foreign)
      const expected = new Expectations(world.first.refreshToken)
      let claims = claimsOf(world.first.accessToken)
      for (const one of steps) claims = await play(world, expected, one, claims)
      // The newest token is good unless something ended the session.
      const final = { after: 0, hasKeys: false, change: null, races: false }
      await play(world, expected, { ...final, refreshes: [{ back: 0, names: null }] }, claims)
    }),
    { numRuns: 25 },
  )
}, 120_000)

it("answers no repeat with its key that names an organization which is not the user's", async () => {
  const [foreign, ...teams] = await Promise.all([createTeam(app), createTeam(app)])
  const world = await newWorld(teams, foreign)
  const refreshAs = async (organizationId?: string) =>
    refreshSession(await world.ctx(), {
      refreshToken: world.first.refreshToken,
      idempotencyKey: 'key',
      organizationId,
    })
  const { tokens } = await refreshAs()
  world.clock.now += 60 * SECOND
  await expect(refreshAs(foreign.id)).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  expect((await refreshAs()).tokens.refreshToken).toBe(tokens.refreshToken)
})
