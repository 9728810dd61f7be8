import type { TestApp, TestAppOptions } from '../support/app.ts'
import { withMethods } from '../support/objects.ts'

/** Of an isolate whose view of what was revoked is as young as any, and has none of it: nothing has reached it yet. */
export async function unheard(app: TestApp): Promise<TestAppOptions> {
  const page = { ...(await (await app.ctx()).objects.feed().pull(null)), entries: [] }
  return {
    override: (ctx) => ({
      ...ctx,
      objects: { ...ctx.objects, feed: () => withMethods(ctx.objects.feed(), { pull: async () => page }) },
    }),
  }
}
