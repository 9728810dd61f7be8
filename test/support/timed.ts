import { createTestApp, type TestApp, type TestAppOptions } from './app.ts'

export interface TimedApp extends TestApp {
  /** What the work took, in ms: what passed, and `paused`, what the app would have waited. One at a time. */
  readonly timed: <T>(
    work: () => Promise<T>,
  ) => Promise<{ readonly result: T; readonly took: number; readonly paused: number }>
}

/** An app whose pauses are counted instead of waited for. */
export function createTimedApp(options: TestAppOptions = {}): TimedApp {
  let paused = 0
  const override = options.override ?? ((ctx) => ctx)
  const app = createTestApp({
    ...options,
    override: (ctx) => ({
      ...override(ctx),
      pause: async (ms) => {
        paused += ms
      },
    }),
  })
  return {
    ...app,
    timed: async (work) => {
      const [began, before] = [performance.now(), paused]
      const result = await work()
      return { result, took: performance.now() - began + paused - before, paused: paused - before }
    },
  }
}
