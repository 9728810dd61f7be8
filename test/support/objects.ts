import type { Ctx } from '../../src/context.ts'
import { createTestApp, type TestApp } from './app.ts'

type Objects = Ctx['objects']

/** An isolate some of whose objects are others; `change` gets the suite's own. */
export const createAppWithObjects = (change: (objects: Objects) => Partial<Objects>): TestApp =>
  createTestApp({ override: (ctx) => ({ ...ctx, objects: { ...ctx.objects, ...change(ctx.objects) } }) })

/** An object with some methods of its own. A stub is a proxy: a copy of it would have none of its methods. */
export const withMethods = <T extends object>(object: T, methods: Partial<T>): T =>
  new Proxy(object, { get: (target, name) => Reflect.get(name in methods ? methods : target, name) })

/** An isolate that notes whose object it asks for. */
export function createWatchedApp(): { app: TestApp; woken: string[] } {
  const woken: string[] = []
  const app = createAppWithObjects((objects) => ({
    user: (id) => {
      woken.push(id)
      return objects.user(id)
    },
  }))
  return { app, woken }
}
