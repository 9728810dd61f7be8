import { type Ctx, callerOf, type SignInBrowser, type UserActor } from '../../../context.ts'
import { userActorOf } from '../../keys/service/tokens.ts'
import { isSignInAllowed } from '../../users/service/users.ts'
import { claimsOf, isAdminOfProvider } from '../rules/claims.ts'
import { decodeBrowserToken } from '../rules/refresh-token.ts'
import { selectUserWithStanding, useBrowser } from '../store/sessions.ts'
import type { BrowserSession, NewSession, OpenedSession } from '../types.ts'
import { endSessionById } from './ending.ts'
import { answerOf, loadMinter, orUnavailable, versionsOf } from './minting.ts'
import { type OpenInput, openSession, raiseSession } from './opening.ts'

/**
 * As `openSession`, for a page. A sign-in of whom the browser has signed in steps that session up, so what hangs on it lives on;
 * one of somebody else ends it, and so does one by the cookie before: its bearer may be a thief, who gets none of the session's
 * factors. A session that an organization's provider opens, or that passes it by, is always a new one.
 */
export async function openBrowserSession(
  ctx: Ctx,
  browser: SignInBrowser,
  { isNew, ...input }: OpenInput & { readonly isNew: boolean },
): Promise<NewSession> {
  const { current, idleSeconds, isIdleAsked } = browser
  const isPlain = !isNew && !input.origin && (input.organizationId ?? null) === null && current?.isOfProvider === false
  const isSame = current?.userId === input.user.id
  if (current && isSame && isPlain && !current.isBefore) {
    const raised = await raiseSession(ctx, {
      ...input,
      sessionId: current.sessionId,
      ...(isIdleAsked && { browserIdleSeconds: idleSeconds }),
    })
    if (raised) return { ...raised, isNewDevice: false }
  }
  const opened = await openSession(ctx, {
    ...input,
    browserIdleSeconds: idleSeconds,
    ...(current && isSame && { replaces: current.sessionId }),
  })
  if (current && !isSame) await endOfOther(ctx, current)
  return opened
}

/** The person is signed in by now: a failure leaves a session whose cookie no browser has. */
async function endOfOther(ctx: Ctx, { userId, sessionId }: NonNullable<SignInBrowser['current']>): Promise<void> {
  try {
    await endSessionById(ctx, { userId, sessionId, reason: 'signed_out', actor: { type: 'user', id: userId } })
  } catch (cause) {
    ctx.log.error('browser_session_not_ended', cause, { user_id: userId, session_id: sessionId })
  }
}

/** Whose the cookie of a page is, if its seal is whole: asks no storage, so the session may have ended. */
export const userOfBrowserToken = async ({ config }: Pick<Ctx, 'config'>, token: string): Promise<string | null> =>
  (await decodeBrowserToken(config.rootKeys, token))?.userId ?? null

/** Whom the cookie of a page has signed in, by the word of the user's object; null for nobody. Counts as a use of the session. */
export async function useBrowserSession(ctx: Ctx, token: string): Promise<BrowserSession | null> {
  const parts = await decodeBrowserToken(ctx.config.rootKeys, token)
  if (!parts) return null
  const found = await orUnavailable(selectUserWithStanding(ctx, parts))
  if (!found || !isSignInAllowed(found.user) || isAdminOfProvider(found.user, found.standing)) return null
  const result = await useBrowser(ctx, { ...parts, ...versionsOf(found.user), caller: callerOf(ctx) })
  if (result.outcome === 'used') {
    const { grant } = result
    return { ...found, session: grant.session, grant, isBefore: parts.generation !== grant.generation }
  }
  const { userId: user_id, sessionId: session_id } = parts
  ctx.log.info('browser_session_refused', { reason: result.reason, user_id, session_id })
  return null
}

/** Who acts on pages, with the rights that the session has now. */
export function browserActorOf({ config, now }: Pick<Ctx, 'config' | 'now'>, browser: BrowserSession): UserActor {
  const { user, standing, grant, session } = browser
  const { organizationId } = session
  return userActorOf(claimsOf(config, { user, standing, grant: { ...grant, advancedAt: now() }, organizationId }))
}

/** What the cookies of a browser's session hold now. */
export const renewBrowserSession = async (
  ctx: Ctx,
  { user, standing, grant }: BrowserSession,
): Promise<OpenedSession> => answerOf(ctx, await orUnavailable(loadMinter(ctx)), { user, standing, grant })
