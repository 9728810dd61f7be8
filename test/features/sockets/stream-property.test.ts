import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { connect, type Frame } from '../../support/sockets.ts'
import { freshUser } from '../events/support.ts'

const app = createTestApp()

type Command =
  | { readonly do: 'publish'; readonly count: number; readonly waits: boolean }
  /** The subscriber disconnects and keeps the events that it got. */
  | { readonly do: 'reconnect' }
  | { readonly do: 'kill' }
  | { readonly do: 'ping' }

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('publish'), count: fc.integer({ min: 1, max: 130 }), waits: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.constant({ do: 'reconnect' }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' }) },
  { weight: 1, arbitrary: fc.constant({ do: 'ping' }) },
)

/** A subscriber that reconnects from its last cursor. */
async function run(commands: readonly Command[]): Promise<void> {
  const user = await freshUser(app)
  let socket = await connect(app, { token: user.token })
  await socket.first('connection')
  const before = (await user.logged()).length
  let cursor = socket.cursor()
  const got: Frame[] = []
  const publishing: Promise<unknown>[] = []

  const reconnect = async () => {
    got.push(...socket.events())
    if (socket.events().length > 0) cursor = socket.cursor()
    socket.close()
    socket = await connect(app, { token: user.token, after: cursor })
  }

  for (const step of commands) {
    if (step.do === 'publish') {
      const published = user.publish(step.count).catch((cause: unknown) => String(cause))
      publishing.push(published)
      if (step.waits) await published
    }
    if (step.do === 'ping') socket.send({ type: 'ping', timestamp: 1 })
    if (step.do === 'kill') await user.kill()
    if (step.do !== 'publish' && step.do !== 'ping') await reconnect()
  }
  await Promise.all(publishing)
  await user.nudge()
  const expected = (await user.logged()).slice(before)
  const all = () => [...got, ...socket.events()]
  await vi.waitFor(() => expect(all().length).toBeGreaterThanOrEqual(expected.length), { timeout: 10_000 })
  expect(all().map(({ id }) => id)).toEqual(expected)
  expect(all().map(({ seq }) => seq)).toEqual(expected.map((_, index) => before + index + 1))
  socket.close()
}

it('delivers a stream once, completely and in order, whatever is stopped or cut off meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 2, maxLength: 10 }), (commands) => run(commands)),
    { numRuns: 25, endOnFailure: true },
  )
}, 120_000)
