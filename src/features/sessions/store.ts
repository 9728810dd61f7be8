import type { Ctx } from '../../context.ts'
import type {
  EndResult,
  EndSessionInput,
  EndSessionsInput,
  InspectInput,
  InspectResult,
  OpenSessionInput,
  OpenSessionResult,
  RotateInput,
  RotateResult,
  SessionSnapshot,
} from '../../durable/rpc.ts'
import { serviceUnavailable } from '../../lib/errors.ts'
import { SECOND, within } from '../../lib/time.ts'

/** Nobody waits longer for an object; ending a session waits up to two seconds for the feed inside it. */
const ANSWER_MS = 5 * SECOND

/** An object or database that is silent or fails is an outage: 503, with the cause in the log. */
export async function orUnavailable<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await within(ANSWER_MS, ask())
  } catch (cause) {
    throw serviceUnavailable({}, { cause })
  }
}

type Store = Pick<Ctx, 'objects'>

export const askToOpen = ({ objects }: Store, input: OpenSessionInput): Promise<OpenSessionResult> =>
  orUnavailable(async () => objects.user(input.userId).open(input))

export const askToRotate = ({ objects }: Store, input: RotateInput): Promise<RotateResult> =>
  orUnavailable(async () => objects.user(input.userId).rotate(input))

export const askToInspect = ({ objects }: Store, input: InspectInput): Promise<InspectResult> =>
  orUnavailable(async () => objects.user(input.userId).inspect(input))

export const askToEnd = ({ objects }: Store, input: EndSessionInput): Promise<EndResult> =>
  orUnavailable(async () => objects.user(input.userId).endSession(input))

export const askToEndMany = ({ objects }: Store, input: EndSessionsInput): Promise<EndResult> =>
  orUnavailable(async () => objects.user(input.userId).endSessions(input))

export const askToTouch = (
  { objects }: Store,
  input: { userId: string; sessionId: string },
): Promise<SessionSnapshot | null> => orUnavailable(async () => objects.user(input.userId).touchSession(input))

export const selectSession = (
  { objects }: Store,
  input: { userId: string; sessionId: string },
): Promise<SessionSnapshot | null> => orUnavailable(async () => objects.user(input.userId).findSession(input))

export const selectSessions = (
  { objects }: Store,
  input: { userId: string; withEnded: boolean },
): Promise<readonly SessionSnapshot[]> => orUnavailable(async () => objects.user(input.userId).listSessions(input))
