import { publicRoute } from '../../../http/guard.ts'
import { answerPage, renderErrorPage, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, DomainError, forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { linkInvalid, weakPassword } from '../errors.ts'
import {
  disownedPage,
  emailVerifiedPage,
  passwordSetPage,
  reportPage,
  resetPasswordPage,
  verifyEmailPage,
} from '../pages.ts'
import { getResetUser, resetPassword } from '../service/password-reset.ts'
import { getReportedUser, reportActivity } from '../service/report.ts'
import { disownAccount, getVerification, verifyOwnEmail } from '../service/verification.ts'
import { AnswerBody, ResetBody, TokenBody, TokenQuery, toReset } from '../wire/recovery.ts'

/** Where links in mails lead. Opening one changes nothing, for mail scanners do: a form's POST does. */
export const pageRoutes = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage })

const page = { 200: { description: 'A page', contentType: 'text/html' } }

const askSpec = {
  guard: publicRoute,
  query: TokenQuery,
  invalidIs400: true,
  answers: page,
  errors: [linkInvalid, serviceUnavailable],
  hidden: true,
} as const

const actSpec = {
  guard: publicRoute,
  body: TokenBody,
  encoding: 'form',
  invalidIs400: true,
  answers: page,
  errors: [forbidden, linkInvalid, serviceUnavailable],
  hidden: true,
} as const

pageRoutes.get(
  '/verify-email',
  { ...askSpec, summary: 'Asks whether the account is theirs whose address it is' },
  async ({ ctx, query }) => answerPage(verifyEmailPage(await getVerification(ctx, query), query.token)),
)

pageRoutes.post(
  '/verify-email',
  {
    ...actSpec,
    summary: 'Verifies an address, or takes its account from whoever made it',
    body: AnswerBody,
    errors: [...actSpec.errors, conflict],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return answerPage(
      body.answer === 'yes'
        ? emailVerifiedPage(await verifyOwnEmail(ctx, body))
        : disownedPage(await disownAccount(ctx, body)),
    )
  },
)

pageRoutes.get('/reset-password', { ...askSpec, summary: 'Asks for a new password' }, async ({ ctx, query }) => {
  await getResetUser(ctx, query.token)
  return answerPage(resetPasswordPage({ token: query.token }))
})

pageRoutes.post(
  '/reset-password',
  { ...actSpec, summary: 'Sets a new password', body: ResetBody, errors: [...actSpec.errors, weakPassword] },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    try {
      await resetPassword(ctx, toReset(body))
    } catch (cause) {
      // The link still works: the form comes again.
      if (!(cause instanceof DomainError) || cause.code !== weakPassword.code) throw cause
      return answerPage(resetPasswordPage({ token: body.token, problem: cause.message }))
    }
    return answerPage(passwordSetPage)
  },
)

pageRoutes.get(
  '/report-activity',
  { ...askSpec, summary: 'Asks before an account is secured' },
  async ({ ctx, query }) => {
    await getReportedUser(ctx, query.token)
    return answerPage(reportPage(query))
  },
)

pageRoutes.post(
  '/report-activity',
  { ...actSpec, summary: 'Ends all sessions and the password, and asks for a new one' },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const { resetToken } = await reportActivity(ctx, body)
    return answerPage(resetPasswordPage({ token: resetToken }))
  },
)
