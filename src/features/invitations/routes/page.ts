import { type Ctx, narrow } from '../../../context.ts'
import { htmlPage } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { type Page, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { DomainError, forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { signUpErrors } from '../../sign-in/service/sign-up.ts'
import { type Asked, findProblem, renderErrorPage } from '../../sign-in/wire/pages.tsx'
import { acceptInvitation, findOffer, inspectToken } from '../service/acceptance.ts'
import { AcceptForm, TokenQuery } from '../wire/invitations.ts'
import { invitationPage, joinedPage, voidInvitationPage } from '../wire/page.tsx'

/** Where the link of an invitation leads. GET shows it and changes nothing, for mail scanners open links too. */
export const invitationPages = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage, invalidIs: 400 })

const PATH = '/invitations/accept'

async function showInvitation(ctx: Ctx, asked: Asked): Promise<Page> {
  const inspected = await inspectToken(ctx, asked.token)
  const { invitation, token, reason } = inspected
  if (!invitation || !token || reason !== null) return voidInvitationPage(asked.frame, inspected)
  const offer = await findOffer(ctx, invitation, token)
  return invitationPage({ ...asked, path: PATH, minLength: ctx.config.PASSWORD_MIN_LENGTH }, invitation, offer)
}

const askedOf = async (ctx: Ctx, token: string): Promise<Asked> => ({
  frame: await frameOf(ctx, null),
  token,
  problem: null,
})

invitationPages.get(
  PATH,
  {
    id: 'showInvitation',
    summary: 'Shows an invitation',
    guard: anyone,
    query: TokenQuery,
    answer: htmlPage,
    errors: [serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, query }) => showInvitation(ctx, await askedOf(ctx, query.token)),
)

/** Errors after which the page says how the invitation stands now. */
const SHOWN_AGAIN = [
  'INVITATION_NOT_PENDING',
  'INVITATION_NOT_FOUND',
  'INVALID_TOKEN',
  'SIGN_IN_REQUIRED',
  'EMAIL_NOT_VERIFIED',
]

invitationPages.post(
  PATH,
  {
    id: 'acceptInvitationOnPage',
    summary: 'Makes an account, and a member of it',
    guard: anyone,
    body: AcceptForm,
    encoding: 'form',
    answer: htmlPage,
    errors: [forbidden, ...signUpErrors],
    hidden: true,
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const { token, name, new_password: password } = body
    const asked = await askedOf(ctx, token)
    try {
      const { invitation } = await acceptInvitation(narrow(ctx, { actor: null }), {
        token,
        name: name || undefined,
        password,
      })
      return joinedPage(asked.frame, invitation)
    } catch (cause) {
      if (!(cause instanceof DomainError)) throw cause
      const problem = findProblem(asked.frame, cause)
      if (problem) return showInvitation(ctx, { ...asked, problem })
      if (!SHOWN_AGAIN.includes(cause.code)) throw cause
      return { ...(await showInvitation(ctx, asked)), status: 400 }
    }
  },
)
