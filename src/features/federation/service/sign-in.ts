import type { ActorCtx, CallerCtx, Ctx } from '../../../context.ts'
import { narrow } from '../../../context.ts'
import { DomainError, unauthorized } from '../../../lib/errors.ts'
import { findIdentity } from '../../factors/identities/service.ts'
import { getBindingUser } from '../../sign-in/service/current.ts'
import { type FirstFactor, finishFirstFactor, type SignInResult } from '../../sign-in/service/sign-in.ts'
import { findUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { isSessionLive } from '../../validation/service.ts'
import { accountRefused, codeInvalid } from '../errors.ts'
import { type FederatedCode, openCode, useCode } from './codes.ts'
import { addIdentity } from './linking.ts'
import { requireOpen } from './new-account.ts'
import { settlePending } from './pending-email.ts'

export type Exchanged =
  | { readonly outcome: 'signed_in'; readonly result: SignInResult; readonly isNewUser: boolean }
  | { readonly outcome: 'linked'; readonly user: User }

export interface ExchangeInput {
  readonly code: string
  readonly verifier: string | null
  /** Of a sign-in whose address was proved by mail: then the code is the one of the mail's page. */
  readonly pendingToken: string | null
  readonly organizationId: string | null
}

/**
 * Ends a sign-in by another provider: tokens, or the challenge of the second factor. Of a link, which needs a bearer of the same
 * user, the linked account. Throws OAUTH_CODE_INVALID, UNAUTHORIZED, what linking throws, and what every first factor does.
 */
export async function exchangeCode(ctx: CallerCtx, input: ExchangeInput): Promise<Exchanged> {
  const { pendingToken, organizationId } = input
  if (pendingToken !== null) {
    const { user, isNew, identity } = await settlePending(ctx, { ...input, pendingToken })
    const result = await finish(ctx, { user, method: identity.provider, amr: FEDERATED, organizationId, origin: null })
    return { outcome: 'signed_in', result, isNewUser: isNew }
  }
  const code = await openCode(ctx, input)
  if (code.link) return linkByCode(ctx, input.code, { ...code, link: code.link })
  await useCode(ctx, input.code)
  const user = await getUnchanged(ctx, code)
  const result = await finish(ctx, {
    ...code,
    ...(code.browser && { standsOn: code.browser }),
    user,
    organizationId: organizationId ?? code.organizationId,
  })
  return { outcome: 'signed_in', result, isNewUser: code.isNewUser }
}

/** RFC 8176 has no value for it. */
export const FEDERATED: readonly string[] = ['fed']

async function getUnchanged(ctx: Ctx, { userId, authVersion, key, browser }: FederatedCode): Promise<User> {
  const [user, identity] = await Promise.all([findUser(ctx, userId), key && findIdentity(ctx, key)])
  if (!user || user.authVersion !== authVersion) throw codeInvalid()
  const isGood = browser
    ? await isSessionLive(ctx, { userId, sessionId: browser.sessionId, claimsVersion: user.claimsVersion })
    : identity?.userId === userId
  if (!isGood) throw codeInvalid()
  requireOpen(user)
  return user
}

/** As every first factor ends, with the row as it is now. */
export async function finish(
  ctx: Ctx,
  {
    user,
    method,
    amr,
    organizationId,
    origin,
    standsOn,
  }: Required<Omit<FirstFactor, 'standsOn'>> & Pick<FirstFactor, 'standsOn'>,
): Promise<SignInResult> {
  try {
    return await finishFirstFactor(ctx, { user, amr, method, organizationId, origin, ...(standsOn && { standsOn }) })
  } catch (cause) {
    // The account was changed meanwhile.
    if (cause instanceof DomainError && cause.code === 'INVALID_CREDENTIALS') throw accountRefused({}, { cause })
    throw cause
  }
}

/** Only who began the link ends it: an address that a stranger sends round attaches nobody's identity to the stranger's account. */
async function linkByCode(
  ctx: CallerCtx,
  code: string,
  { userId, sessionId, link }: FederatedCode & { readonly link: NonNullable<FederatedCode['link']> },
): Promise<Exchanged> {
  const { actor } = ctx
  if (!actor) throw unauthorized()
  if (actor.id !== userId || actor.sessionId !== sessionId) throw codeInvalid()
  const caller: ActorCtx = narrow(ctx, { actor })
  const user = await getBindingUser(caller)
  await useCode(ctx, code)
  await addIdentity(caller, { user, proved: link })
  return { outcome: 'linked', user }
}
