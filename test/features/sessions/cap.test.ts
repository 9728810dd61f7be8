import { expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { freshCaller, signIn } from './support.ts'

it('a session that gives way to a newer one is refused at once in the isolate that opened the newer one', async () => {
  // Where time stands the view is never old: what it knows later, it was told by this isolate.
  const now = Date.now()
  const app = createTestApp({ override: (ctx) => ({ ...ctx, now: () => now }) })
  const { MAX_SESSIONS_PER_USER } = (await app.ctx()).config
  const oldest = await freshCaller(app)
  for (let more = 1; more < MAX_SESSIONS_PER_USER; more += 1) await signIn(app, oldest.user)
  expect((await oldest.ask('GET', '/validate')).status).toBe(200)
  const newest = await signIn(app, oldest.user)
  expect((await oldest.ask('GET', '/validate')).status).toBe(401)
  expect((await newest.ask('GET', '/validate')).status).toBe(200)
})
