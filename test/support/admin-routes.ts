import { describe, expect, it } from 'vitest'
import type { TestApp } from './app.ts'
import { makeAdmin, signUpUser } from './users.ts'

/** Tests of what every route of admins refuses. */
export function describeAdminRoutes(
  name: string,
  app: TestApp,
  routes: readonly (readonly [method: string, path: string])[],
): void {
  describe(name, () => {
    it.each(routes)('%s %s is for admins alone', async (method, path) => {
      const user = await signUpUser(app)
      const ask = (headers: Record<string, string>) => app.fetch(path, { method, headers })
      expect((await ask({})).status).toBe(401)
      expect((await ask({ authorization: 'Bearer nonsense' })).status).toBe(401)
      expect((await ask({ ...user.headers })).status).toBe(403)
    })

    it.each(routes)('%s %s refuses an admin whose session has ended', async (method, path) => {
      const gone = await makeAdmin(app)
      await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: gone.headers })
      expect((await app.fetch(path, { method, headers: gone.headers })).status).toBe(401)
    })
  })
}
