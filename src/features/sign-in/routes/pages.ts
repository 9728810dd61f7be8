import type * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { htmlPage } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { type Page, renderErrorPage, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, DomainError, type ErrorDefinition, forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { invalidCode } from '../../factors/totp/errors.ts'
import { linkInvalid, passwordWrong, stepUpRequired } from '../errors.ts'
import {
  accountRestoredPage,
  disownedPage,
  emailVerifiedPage,
  passwordSetPage,
  reportPage,
  resetPasswordPage,
  restoreAccountPage,
  revertEmailPage,
  unlockedPage,
  unlockPage,
  verifyEmailPage,
} from '../pages.ts'
import { listRestoreProofs, restoreAccount, restoreErrors } from '../service/account-restore.ts'
import { getRevertedAddress, revertEmail } from '../service/email-revert.ts'
import { secondFactorErrors } from '../service/link-proofs.ts'
import { getLockedUser, unlockAccount } from '../service/lock.ts'
import { getResetUser, resetPassword } from '../service/password-reset.ts'
import { listReportProofs, reportActivity } from '../service/report.ts'
import { disownAccount, getVerification, verifyOwnEmail } from '../service/verification.ts'
import { AnswerBody, ResetBody, TokenAndProofForm, TokenBody, TokenQuery, toReset } from '../wire/recovery.ts'

/** Where links in mails lead. GET shows a form and changes nothing, for mail scanners open links too; the form's POST acts. */
export const pageRoutes = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage, invalidIs: 400 })

/** Errors after which the link still works: the form is shown again, and says what was wrong. */
const RETRYABLE: readonly string[] = [stepUpRequired, invalidCode, passwordWrong, weakPassword].map(({ code }) => code)

interface LinkPageSpec<Body extends { readonly token: string }> {
  readonly path: string
  /** The page with its form. */
  readonly show: {
    readonly id: string
    readonly summary: string
    page(ctx: Ctx, token: string, problem?: string): Promise<Page>
  }
  /** What the form does, and the page that says so. */
  readonly submit: {
    readonly id: string
    readonly summary: string
    readonly body: z.ZodType<Body>
    readonly errors?: readonly ErrorDefinition[]
    page(ctx: Ctx, body: Body): Promise<Page>
  }
}

/** Declares the two routes of a mailed link. */
function declareLinkPage<Body extends { readonly token: string }>({ path, show, submit }: LinkPageSpec<Body>): void {
  const shared = { guard: anyone, answer: htmlPage, hidden: true } as const
  pageRoutes.get(
    path,
    {
      id: show.id,
      summary: show.summary,
      ...shared,
      query: TokenQuery,
      errors: [linkInvalid, serviceUnavailable],
    },
    ({ ctx, query }) => show.page(ctx, query.token),
  )
  pageRoutes.post(
    path,
    {
      id: submit.id,
      summary: submit.summary,
      ...shared,
      body: submit.body,
      encoding: 'form',
      errors: [forbidden, linkInvalid, serviceUnavailable, ...(submit.errors ?? [])],
    },
    async ({ ctx, body, request }) => {
      requireOwnForm(ctx, request)
      try {
        return await submit.page(ctx, body)
      } catch (cause) {
        if (!(cause instanceof DomainError) || !RETRYABLE.includes(cause.code)) throw cause
        return show.page(ctx, body.token, cause.message)
      }
    },
  )
}

declareLinkPage({
  path: '/verify-email',
  show: {
    id: 'askVerification',
    summary: 'Asks the holder of an address whether the account is theirs',
    page: async (ctx, token) => verifyEmailPage(await getVerification(ctx, { token }), token),
  },
  submit: {
    id: 'confirmVerification',
    summary: 'Verifies an address, or takes its account from whoever made it',
    body: AnswerBody,
    errors: [conflict],
    page: async (ctx, body) =>
      body.answer === 'yes'
        ? emailVerifiedPage(await verifyOwnEmail(ctx, body))
        : disownedPage(await disownAccount(ctx, body)),
  },
})

declareLinkPage({
  path: '/reset-password',
  show: {
    id: 'askNewPassword',
    summary: 'Asks for a new password',
    async page(ctx, token, problem) {
      await getResetUser(ctx, token)
      return resetPasswordPage({ token, problem })
    },
  },
  submit: {
    id: 'confirmNewPassword',
    summary: 'Sets a new password',
    body: ResetBody,
    errors: [weakPassword],
    async page(ctx, body) {
      await resetPassword(ctx, toReset(body))
      return passwordSetPage
    },
  },
})

declareLinkPage({
  path: '/report-activity',
  show: {
    id: 'askReport',
    summary: 'Asks before an account is secured',
    page: async (ctx, token, problem) => reportPage({ token, methods: await listReportProofs(ctx, token), problem }),
  },
  submit: {
    id: 'confirmReport',
    summary: 'Ends all sessions and the password, and asks for a new one',
    body: TokenAndProofForm,
    errors: secondFactorErrors,
    page: async (ctx, body) => resetPasswordPage({ token: (await reportActivity(ctx, body)).resetToken }),
  },
})

declareLinkPage({
  path: '/revert-email',
  show: {
    id: 'askRevert',
    summary: 'Asks before a change of address is reverted',
    page: async (ctx, token, problem) => revertEmailPage({ ...(await getRevertedAddress(ctx, token)), token, problem }),
  },
  submit: {
    id: 'confirmRevert',
    summary: 'Reverts a change of address, and asks for a new password',
    body: TokenAndProofForm,
    errors: secondFactorErrors,
    page: async (ctx, body) => resetPasswordPage({ token: (await revertEmail(ctx, body)).resetToken }),
  },
})

declareLinkPage({
  path: '/restore-account',
  show: {
    id: 'askRestore',
    summary: 'Asks before an account is restored',
    page: async (ctx, token, problem) =>
      restoreAccountPage({ token, methods: await listRestoreProofs(ctx, token), problem }),
  },
  submit: {
    id: 'confirmRestore',
    summary: 'Restores an account that its user deleted',
    body: TokenAndProofForm,
    errors: restoreErrors,
    async page(ctx, body) {
      await restoreAccount(ctx, body)
      return accountRestoredPage
    },
  },
})

declareLinkPage({
  path: '/unlock-account',
  show: {
    id: 'askUnlock',
    summary: 'Asks before an account is unlocked',
    async page(ctx, token) {
      await getLockedUser(ctx, token)
      return unlockPage({ token })
    },
  },
  submit: {
    id: 'confirmUnlock',
    summary: 'Lifts the lock after too many failed attempts',
    body: TokenBody,
    async page(ctx, body) {
      await unlockAccount(ctx, body)
      return unlockedPage
    },
  },
})
