import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { type ActorCtx, type Ctx, narrow, type TargetCtx, type UserActor } from '../../src/context.ts'
import { verifier } from '../../src/features/validation/verifier.ts'
import { ok } from '../../src/http/answers.ts'
import {
  admin,
  adminOf,
  anyone,
  confirmedOptionalUser,
  confirmedUser,
  type Guard,
  type Identity,
  lenientUser,
  optionalUser,
  principal,
  recognized,
  self,
  selfOrAdmin,
  user,
} from '../../src/http/guard.ts'
import { createRoutes } from '../../src/http/router.ts'
import { createTestApp } from '../support/app.ts'

const SOMEBODY: UserActor = {
  type: 'user',
  id: 'their-id',
  sessionId: 'their-session',
  number: 7,
  email: 'somebody@example.test',
  username: null,
  role: 'user',
  roles: ['user'],
  organizationId: null,
  organizationRole: null,
  amr: ['pwd'],
  acr: 'aal1',
  authTime: 0,
  claimsVersion: 1,
  expiresAt: 0,
}
const ADMIN: UserActor = { ...SOMEBODY, id: 'admin-id', number: 1, roles: ['admin'] }
const valid = (actor: UserActor): Identity => ({ state: 'valid', actor })

/** A context that counts who asks for the database. */
async function watchedContext(): Promise<{ ctx: Ctx; reads: () => number }> {
  const whole = await createTestApp().ctx()
  let reads = 0
  const ctx = Object.defineProperty(narrow(whole, {}), 'db', {
    enumerable: true,
    get: () => {
      reads += 1
      return whole.db
    },
  })
  return { ctx, reads: () => reads }
}

async function enter<C extends Ctx>(guard: Guard<C>, actor: UserActor, params: Record<string, unknown> = {}) {
  const { ctx } = await watchedContext()
  if (guard.reach) return guard.reach(guard.admit(ctx, valid(actor)), params, verifier)
  return guard.admit(ctx, valid(actor))
}

const GUARDS: Readonly<Record<string, Guard>> = {
  anyone,
  user,
  confirmedUser,
  admin,
  principal: principal('events:read'),
  recognized,
  optionalUser,
  confirmedOptionalUser,
  lenientUser,
  self,
  selfOrAdmin,
  adminOf,
}

describe.each(Object.entries(GUARDS))('the guard `%s`', (_, guard) => {
  it('reads no database: a check that needs no row opens no session with it', async () => {
    const { ctx, reads } = await watchedContext()
    const admitted = guard.admit(ctx, valid(ADMIN))
    const reached = guard.reach ? await guard.reach(admitted as ActorCtx, { user_id: ADMIN.id }, verifier) : admitted
    expect(reads()).toBe(0)
    expect(reached.db).toBe(ctx.db)
    expect(reads()).toBe(2)
  })
})

describe('a narrowed context', () => {
  it('has the fields of the one that it comes from, and leaves that as it was', async () => {
    const { ctx } = await watchedContext()
    const narrowed = narrow(narrow(ctx, { actor: SOMEBODY }), { actor: ADMIN, requestId: 'another' })
    expect(narrowed).toMatchObject({ actor: ADMIN, requestId: 'another', config: ctx.config, ip: ctx.ip })
    expect(Object.keys({ ...narrowed }).sort()).toEqual([...Object.keys(ctx), 'actor'].sort())
    expect('actor' in ctx).toBe(false)
    expect(ctx.requestId).not.toBe('another')
  })
})

describe('a user whom the path names', () => {
  it('is the caller, by UUID or number', async () => {
    for (const ref of [SOMEBODY.id, SOMEBODY.number]) {
      expect(await enter(self, SOMEBODY, { user_id: ref })).toMatchObject({ actor: SOMEBODY })
      const reached = await enter(selfOrAdmin, SOMEBODY, { user_id: ref })
      expect(reached.target).toEqual({ ref, isSelf: true })
    }
  })

  it('is anybody for an admin, but not where only its user is meant', async () => {
    for (const guard of [selfOrAdmin, adminOf])
      expect((await enter(guard, ADMIN, { user_id: SOMEBODY.id })).target).toEqual({ ref: SOMEBODY.id, isSelf: false })
    await expect(enter(self, ADMIN, { user_id: SOMEBODY.id })).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it.each(['their-id ', 'THEIR-ID', '7', 8, 'another'])('is nobody else for a user: %j', async (ref) => {
    for (const guard of [self, selfOrAdmin])
      await expect(enter(guard, SOMEBODY, { user_id: ref })).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(enter(adminOf, SOMEBODY, { user_id: SOMEBODY.id })).rejects.toMatchObject({
      code: 'ADMIN_REQUIRED',
    })
  })

  it.each([undefined, null, true, {}, ['their-id']])(
    'is a bug of the route where the path has none: %j',
    async (ref) => {
      await expect(enter(selfOrAdmin, ADMIN, { user_id: ref })).rejects.toThrow(TypeError)
    },
  )
})

describe('a guard that was forgotten', () => {
  it('does not compile', () => {
    const routes = createRoutes({ prefix: '/forgotten', tag: 'health' })
    const spec = { id: 'getForgotten', summary: 'forgotten', answer: ok(z.object({}), 'Nothing') }
    const ofCaller = (_: ActorCtx) => ({})
    const ofTarget = (_: TargetCtx) => ({})
    // @ts-expect-error: no guard at all.
    routes.get('/', spec, ({ ctx }) => ofCaller(ctx))
    // @ts-expect-error: anyone is no caller.
    routes.get('/anyone', { ...spec, guard: anyone }, ({ ctx }) => ofCaller(ctx))
    // @ts-expect-error: nothing says that a user may reach whom the path names.
    routes.get('/:user_id', { ...spec, guard: user }, ({ ctx }) => ofTarget(ctx))
    routes.get('/:user_id/right', { ...spec, guard: selfOrAdmin }, ({ ctx }) => ofTarget(ctx))
    expect(routes.list).toHaveLength(4)
  })
})
