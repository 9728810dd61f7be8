import type * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { htmlPage, response } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { answerPage, type Page, requireOwnForm } from '../../../http/page.ts'
import { conflict, DomainError, type ErrorDefinition, forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { accountClosed, linkInvalid } from '../errors.ts'
import { getRestoreProofs, restoreAccount, restoreErrors } from '../service/account-restore.ts'
import { getRevertedAddress, revertEmail } from '../service/email-revert.ts'
import { secondFactorErrors } from '../service/link-proofs.ts'
import { RENEWABLE, renewLink } from '../service/link-state.ts'
import { getLockedUser, unlockAccount } from '../service/lock.ts'
import { getResetUser, resetPassword } from '../service/password-reset.ts'
import { listReportProofs, reportActivity } from '../service/report.ts'
import { disownAccount, getVerification, verifyOwnEmail } from '../service/verification.ts'
import { orBrokenLink } from '../wire/broken-link.ts'
import { createPageRoutes } from '../wire/page-routes.ts'
import {
  type Asked,
  accountRestoredPage,
  changeRefusedPage,
  emailVerifiedPage,
  findProblem,
  linkRenewedPage,
  type NewPassword,
  passwordSetPage,
  reportPage,
  resetPasswordPage,
  restoreAccountPage,
  revertEmailPage,
  takenOverPage,
  unlockedPage,
  unlockPage,
  verifyEmailPage,
} from '../wire/pages.tsx'
import { AnswerBody, ResetForm, TokenAndProofForm, TokenBody, TokenQuery } from '../wire/recovery.ts'

/** Where links in mails lead. GET shows a form and changes nothing, for mail scanners open links too; the form's POST acts. */

export const pageRoutes = createPageRoutes()

/** Answers a form whose change may move the browser's session to its next generation, and keeps the browser signed in. */
export type KeepBrowser = (ctx: Ctx, request: Request, work: () => Promise<Response>) => Promise<Response>

const keepNothing: KeepBrowser = (_ctx, _request, work) => work()

interface LinkPageSpec<Body extends { readonly token: string }> {
  readonly path: string
  readonly purposes: readonly OneTimePurpose[]
  /** The page with its form. */
  readonly show: {
    readonly id: string
    readonly summary: string
    readonly errors?: readonly ErrorDefinition[]
    page(ctx: Ctx, asked: Asked): Promise<Page>
  }
  /** What the form does, and the page that says so. */
  readonly submit: {
    readonly id: string
    readonly summary: string
    readonly body: z.ZodType<Body>
    readonly errors?: readonly ErrorDefinition[]
    page(ctx: Ctx, body: Body, asked: Asked): Promise<Page>
  }
}

/** Declares the two routes of a mailed link. */
function declareLinkPage<Body extends { readonly token: string }>(
  spec: LinkPageSpec<Body>,
  routes = pageRoutes,
  keepBrowser = keepNothing,
): void {
  const { path, purposes, show, submit } = spec
  const shared = { guard: anyone, hidden: true } as const
  routes.get(
    path,
    {
      id: show.id,
      summary: show.summary,
      ...shared,
      answer: htmlPage,
      query: TokenQuery,
      errors: [linkInvalid, serviceUnavailable, ...(show.errors ?? [])],
    },
    ({ ctx, query: { token } }) => orBrokenLink(ctx, { purposes, token }, (asked) => show.page(ctx, asked)),
  )
  routes.post(
    path,
    {
      id: submit.id,
      summary: submit.summary,
      ...shared,
      answer: response(200, 'A page', { contentType: 'text/html' }),
      body: submit.body,
      encoding: 'form',
      errors: [forbidden, linkInvalid, serviceUnavailable, ...(submit.errors ?? [])],
    },
    ({ ctx, body, request }) => {
      requireOwnForm(ctx, request)
      const submitted = () =>
        orBrokenLink(ctx, { purposes, token: body.token }, async (asked) => {
          try {
            return await submit.page(ctx, body, asked)
          } catch (cause) {
            const problem = cause instanceof DomainError ? findProblem(asked.frame, cause) : null
            if (!problem) throw cause
            return show.page(ctx, { ...asked, problem })
          }
        })
      return keepBrowser(ctx, request, async () => answerPage(await submitted()))
    },
  )
}

/** What the form of a new password shows. Throws INVALID_TOKEN. */
async function askedPassword(ctx: Ctx, asked: Asked): Promise<NewPassword> {
  const { email } = await getResetUser(ctx, asked.token)
  return { ...asked, email, minLength: ctx.config.PASSWORD_MIN_LENGTH }
}

const choosePassword = async (ctx: Ctx, asked: Asked, { resetToken: token }: { resetToken: string }): Promise<Page> =>
  resetPasswordPage(await askedPassword(ctx, { ...asked, token }))

declareLinkPage({
  path: '/reset-password',
  purposes: ['password_reset'],
  show: {
    id: 'askNewPassword',
    summary: 'Asks for a new password',
    page: async (ctx, asked) => resetPasswordPage(await askedPassword(ctx, asked)),
  },
  submit: {
    id: 'confirmNewPassword',
    summary: 'Sets a new password',
    body: ResetForm,
    errors: [weakPassword],
    async page(ctx, body, { frame }) {
      const { search } = await resetPassword(ctx, { token: body.token, newPassword: body.new_password })
      return passwordSetPage(frame, search)
    },
  },
})

declareLinkPage({
  path: '/report-activity',
  purposes: ['activity_report'],
  show: {
    id: 'askReport',
    summary: 'Asks before an account is secured',
    page: async (ctx, asked) => reportPage({ ...asked, methods: await listReportProofs(ctx, asked.token) }),
  },
  submit: {
    id: 'confirmReport',
    summary: 'Ends all sessions and the password, and asks for a new one',
    body: TokenAndProofForm,
    errors: secondFactorErrors,
    page: async (ctx, body, asked) => choosePassword(ctx, asked, await reportActivity(ctx, body)),
  },
})

declareLinkPage({
  path: '/revert-email',
  purposes: ['email_revert'],
  show: {
    id: 'askRevert',
    summary: 'Asks before a change of address is reverted',
    errors: [accountClosed],
    page: async (ctx, asked) => revertEmailPage({ ...asked, ...(await getRevertedAddress(ctx, asked.token)) }),
  },
  submit: {
    id: 'confirmRevert',
    summary: 'Reverts a change of address, and asks for a new password',
    body: TokenAndProofForm,
    errors: [accountClosed, ...secondFactorErrors],
    page: async (ctx, body, asked) => choosePassword(ctx, asked, await revertEmail(ctx, body)),
  },
})

declareLinkPage({
  path: '/restore-account',
  purposes: ['account_restore'],
  show: {
    id: 'askRestore',
    summary: 'Asks before an account is restored',
    page: async (ctx, asked) => restoreAccountPage({ ...asked, ...(await getRestoreProofs(ctx, asked.token)) }),
  },
  submit: {
    id: 'confirmRestore',
    summary: 'Restores an account that its user deleted',
    body: TokenAndProofForm,
    errors: restoreErrors,
    async page(ctx, body, { frame }) {
      await restoreAccount(ctx, body)
      return accountRestoredPage(frame)
    },
  },
})

declareLinkPage({
  path: '/unlock-account',
  purposes: ['account_unlock'],
  show: {
    id: 'askUnlock',
    summary: 'Asks before an account is unlocked',
    async page(ctx, asked) {
      await getLockedUser(ctx, asked.token)
      return unlockPage(asked)
    },
  },
  submit: {
    id: 'confirmUnlock',
    summary: 'Lifts the lock after too many failed attempts',
    body: TokenBody,
    async page(ctx, body, { frame }) {
      await unlockAccount(ctx, body)
      return unlockedPage(frame)
    },
  },
})

pageRoutes.post(
  '/new-link',
  {
    id: 'renewLink',
    summary: 'Mails a link again to the address that has an old one',
    guard: anyone,
    body: TokenBody,
    encoding: 'form',
    answer: htmlPage,
    errors: [forbidden, linkInvalid, serviceUnavailable],
    hidden: true,
  },
  ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return orBrokenLink(ctx, { purposes: RENEWABLE, token: body.token }, async ({ frame }) => {
      await renewLink(ctx, body)
      return linkRenewedPage(frame)
    })
  },
)

/** `keepBrowser` is passed in, because the pages of a browser's session know those of signing in. */
export function createVerificationPages(keepBrowser: KeepBrowser) {
  const routes = createPageRoutes()
  declareLinkPage(
    {
      path: '/verify-email',
      purposes: ['email_verification', 'email_change'],
      show: {
        id: 'askVerification',
        summary: 'Asks the holder of an address whether the account is theirs',
        page: async (ctx, asked) => verifyEmailPage(await getVerification(ctx, asked), asked),
      },
      submit: {
        id: 'confirmVerification',
        summary: 'Verifies an address, or takes its account from whoever made it',
        body: AnswerBody,
        errors: [conflict],
        async page(ctx, body, asked) {
          if (body.answer === 'yes') return emailVerifiedPage(asked.frame, await verifyOwnEmail(ctx, body))
          const disowned = await disownAccount(ctx, body)
          if (disowned.outcome === 'change_refused') return changeRefusedPage(asked.frame, disowned)
          return takenOverPage(await askedPassword(ctx, { ...asked, token: disowned.resetToken }))
        },
      },
    },
    routes,
    keepBrowser,
  )
  return routes
}
