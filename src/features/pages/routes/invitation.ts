import { type Ctx, narrow } from '../../../context.ts'
import { limitOwnWrite } from '../../../http/limits.ts'
import { answerPage, requireOwnForm } from '../../../http/page.ts'
import { errorHeaders, statusOf } from '../../../http/render-error.ts'
import { DomainError, forbidden, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import {
  type Accepted,
  acceptInvitation,
  findOffer,
  inspectId,
  inspectToken,
} from '../../invitations/service/acceptance.ts'
import { frameOf, type PageFrame } from '../../localization/service/texts.ts'
import { findPlace } from '../../memberships/service.ts'
import { browserActorOf } from '../../sessions/service/browsers.ts'
import { openNewAccount, signUpErrors } from '../../sign-in/service/sign-up.ts'
import { createPageRoutes, pageSpec } from '../../sign-in/wire/page-routes.ts'
import { getUser, isEmailConfirmed } from '../../users/service/users.ts'
import { at, withNextCookies } from '../wire/account/visit.ts'
import { findBrowserSession, findViewer, inBrowser, seeOther, withCookies } from '../wire/browser.ts'
import { sessionCookies } from '../wire/cookies.ts'
import { type FoundInvitation, invitationPage, joinedPage, voidInvitationPage } from '../wire/invitation.tsx'
import {
  AcceptForm,
  forgottenCookie,
  INVITATION_PATH,
  isNamed,
  keptCookie,
  Named,
  UNNAMED,
  withKept,
} from '../wire/invited.ts'
import { sentPage } from '../wire/sign-in.tsx'

/** Where the link of an invitation leads. GET shows it and changes nothing, for mail scanners open links too. */
export const invitationPages = createPageRoutes()

async function showInvitation(
  ctx: Ctx,
  request: Request,
  given: Named,
  refused: DomainError | null,
): Promise<Response> {
  const { token, invitation: id = '' } = given
  const browser = await findViewer(ctx, request)
  const frame = await frameOf(ctx, browser?.user.locale ?? null)
  /** To one of the pages that sign in, and back. */
  const wayTo = (path: string, invitation: string, more: Record<string, string> = {}) =>
    at(frame, path, { return_to: at(frame, INVITATION_PATH, { invitation }), ...more })
  if (token === undefined && !browser) return seeOther(wayTo('/sign-in', id))
  const inspected = token === undefined ? await inspectId(ctx, id) : await inspectToken(ctx, token)
  const { invitation, reason, token: parts } = inspected
  const isInvited = browser !== null && browser.user.email === invitation?.email
  // A form that was sent twice, or an organization's provider on the way, has made the member already.
  if (invitation && isInvited && (await isMember(ctx, invitation, browser.user.id)))
    return joined(ctx, frame, invitation)
  // The link is for whoever has it, the id for whom the address is confirmed alone.
  if (!parts && !(isInvited && isEmailConfirmed(browser.user)))
    return answerPage(voidInvitationPage(frame, { reason: 'invalid', invitation: null }))
  if (!invitation || reason !== null) return answerPage(voidInvitationPage(frame, inspected))
  if (refused?.code === ssoRequired.code) return seeOther(wayTo('/sign-in/sso', invitation.id))
  const shown = invitationPage({
    frame,
    refused,
    invitation,
    token,
    signIn: wayTo('/sign-in', invitation.id, browser ? { another: 'yes' } : {}),
    who: browser?.user ?? null,
    offer: isInvited || !parts ? 'accept' : await findOffer(ctx, invitation, parts),
    minLength: ctx.config.PASSWORD_MIN_LENGTH,
  })
  const answer = refused
    ? answerPage({ ...shown, status: statusOf(refused) }, errorHeaders(refused))
    : answerPage(shown)
  return token === undefined ? answer : withCookies(answer, [keptCookie(ctx, token)])
}

const joined = (ctx: Ctx, frame: PageFrame, invitation: FoundInvitation, cookies: readonly string[] = []): Response =>
  withCookies(answerPage(joinedPage(frame, invitation)), [...cookies, forgottenCookie(ctx)])

async function isMember(ctx: Ctx, { organizationId: id }: FoundInvitation, userId: string): Promise<boolean> {
  const place = await findPlace(ctx, { id }, userId)
  return typeof place?.membership?.takenUpAt === 'number'
}

invitationPages.get(
  INVITATION_PATH,
  {
    ...pageSpec,
    id: 'showInvitation',
    summary: 'Shows an invitation',
    query: Named.refine(isNamed, UNNAMED),
    errors: [serviceUnavailable],
  },
  async ({ ctx, query, request }) => showInvitation(ctx, request, await withKept(ctx, request, query), null),
)

/** A new account is signed in, unless its address has to be confirmed first. */
async function openAccount(ctx: Ctx, request: Request, { userId, invitation }: Accepted): Promise<Response> {
  const [frame, user] = await Promise.all([frameOf(ctx, null), getUser(ctx, userId)])
  if (user.status === 'pending') return answerPage(sentPage(frame, 'verify', () => frame.query))
  const { opened } = await openNewAccount(await inBrowser(ctx, request, null), user)
  return joined(ctx, frame, invitation, sessionCookies(ctx.config, opened))
}

invitationPages.post(
  INVITATION_PATH,
  {
    ...pageSpec,
    id: 'acceptInvitationOnPage',
    summary: 'Makes the person a member, who has an account or gets one, and signs it in',
    body: AcceptForm.refine(isNamed, UNNAMED),
    encoding: 'form',
    errors: [forbidden, ...signUpErrors],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const given = await withKept(ctx, request, body)
    const { name, new_password: password } = body
    const browser = password === undefined ? await findBrowserSession(ctx, request) : null
    if (password === undefined && !browser) return showInvitation(ctx, request, given, null)
    const actor = browser && browserActorOf(ctx, browser)
    let accepted: Accepted
    try {
      if (actor) limitOwnWrite(narrow(ctx, { actor }))
      const input = { id: given.invitation, token: given.token, name: name || undefined, password }
      accepted = await acceptInvitation(narrow(ctx, { actor }), input)
    } catch (cause) {
      if (!(cause instanceof DomainError) || cause.kind === 'internal') throw cause
      return showInvitation(ctx, request, given, cause)
    }
    if (!browser || !actor) return openAccount(ctx, request, accepted)
    const frame = await frameOf(ctx, browser.user.locale)
    // An address that the link confirms may end other sessions, and move this one on.
    const visit = { ctx: narrow(ctx, { actor }), browser, frame, request }
    return withNextCookies(visit, joined(ctx, frame, accepted.invitation))
  },
)
