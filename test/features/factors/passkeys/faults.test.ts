import { describe, expect, it } from 'vitest'
import { serviceUnavailable } from '../../../../src/lib/errors.ts'
import { createTestApp } from '../../../support/app.ts'
import { recordedOf } from '../../../support/events.ts'
import { createAppWithObjects, withMethods } from '../../../support/objects.ts'
import { beginSignIn, codeOf, freshPasskey, post, signIn } from './support.ts'

const down = async (): Promise<never> => {
  throw serviceUnavailable()
}

describe('an outage', () => {
  it("of the user's object opens no session, and ends the ceremony", async () => {
    const { authenticator } = await freshPasskey()
    const broken = createAppWithObjects(({ user }) => ({ user: (id) => withMethods(user(id), { open: down }) }))
    const options = await beginSignIn()
    const credential = await authenticator.get(options)
    expect(await codeOf(await post('authenticate/complete', { credential }, {}, broken))).toEqual([
      503,
      'SERVICE_UNAVAILABLE',
    ])
    const again = await authenticator.get(options)
    expect(await codeOf(await post('authenticate/complete', { credential: again }))).toEqual([
      400,
      'PASSKEY_CHALLENGE_INVALID',
    ])
    expect((await signIn(authenticator)).status).toBe(200)
  })

  it('of the guard stops no passkey: it counts passwords', async () => {
    const { authenticator } = await freshPasskey()
    const broken = createAppWithObjects(({ guard }) => ({
      guard: (subject) => withMethods(guard(subject), { complete: down }),
    }))
    expect((await signIn(authenticator, {}, broken)).status).toBe(200)
  })

  it('of the database before a use is counted opens no session', async () => {
    const { user, authenticator } = await freshPasskey({ counts: true })
    const credential = await authenticator.get(await beginSignIn())
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        db: new Proxy(ctx.db, {
          get(db, name) {
            if (name === 'select') throw serviceUnavailable()
            return Reflect.get(db, name)
          },
        }),
      }),
    })
    expect((await post('authenticate/complete', { credential }, {}, broken)).status).toBe(503)
    expect(await recordedOf(user.user.id, 'passkey.counter_regressed')).toEqual([])
    expect((await signIn(authenticator)).status).toBe(200)
  })
})
