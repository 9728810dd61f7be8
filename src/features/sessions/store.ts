import type { Ctx } from '../../context.ts'
import type {
  EndResult,
  EndSessionInput,
  InspectInput,
  InspectResult,
  OpenSessionInput,
  OpenSessionResult,
  RotateInput,
  RotateResult,
  SessionSnapshot,
  StepUpInput,
  StepUpResult,
} from '../../durable/rpc.ts'

// Only the user's object stores sessions. A call that fails or takes too long throws SERVICE_UNAVAILABLE.

type Store = Pick<Ctx, 'objects'>
type SessionKey = { readonly userId: string; readonly sessionId: string }

export const insertSession = ({ objects }: Store, input: OpenSessionInput): Promise<OpenSessionResult> =>
  objects.user(input.userId).open(input)

export const rotateSession = ({ objects }: Store, input: RotateInput): Promise<RotateResult> =>
  objects.user(input.userId).rotate(input)

export const stepUpSession = ({ objects }: Store, input: StepUpInput): Promise<StepUpResult> =>
  objects.user(input.userId).raise(input)

export const inspectSession = ({ objects }: Store, input: InspectInput): Promise<InspectResult> =>
  objects.user(input.userId).inspect(input)

export const updateEnded = ({ objects }: Store, input: EndSessionInput): Promise<EndResult> =>
  objects.user(input.userId).endSession(input)

export const updateLastUse = ({ objects }: Store, input: SessionKey): Promise<SessionSnapshot | null> =>
  objects.user(input.userId).touchSession(input)

export const selectSession = ({ objects }: Store, input: SessionKey): Promise<SessionSnapshot | null> =>
  objects.user(input.userId).findSession(input)

export const selectSessions = (
  { objects }: Store,
  input: { readonly userId: string; readonly withEnded: boolean },
): Promise<readonly SessionSnapshot[]> => objects.user(input.userId).listSessions(input)
