import type { Ctx } from '../../../context.ts'
import { htmlPage } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { type Page, renderErrorPage, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, DomainError, forbidden, serviceUnavailable } from '../../../lib/errors.ts'
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
import { getLockedUser, unlockAccount } from '../service/lock.ts'
import { secondFactorErrors } from '../service/older-factors.ts'
import { getResetUser, resetPassword } from '../service/password-reset.ts'
import { listReportProofs, reportActivity } from '../service/report.ts'
import { disownAccount, getVerification, verifyOwnEmail } from '../service/verification.ts'
import { AnswerBody, ResetBody, TokenAndProofForm, TokenBody, TokenQuery, toReset } from '../wire/recovery.ts'

/** Where links in mails lead. Opening one changes nothing, for mail scanners do: a form's POST does. */
export const pageRoutes = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage, invalidIs: 400 })

const askSpec = {
  guard: anyone,
  query: TokenQuery,
  answer: htmlPage,
  errors: [linkInvalid, serviceUnavailable],
  hidden: true,
} as const

const actSpec = {
  guard: anyone,
  body: TokenBody,
  encoding: 'form',
  answer: htmlPage,
  errors: [forbidden, linkInvalid, serviceUnavailable],
  hidden: true,
} as const

/** Where the link still works. */
const ASKED_AGAIN: readonly string[] = [stepUpRequired.code, invalidCode.code, passwordWrong.code]

/** What was typed beside a link was missing or wrong: the form comes again, and says so. */
async function orAskAgain(act: () => Promise<Page>, ask: (problem: string) => Promise<Page>): Promise<Page> {
  try {
    return await act()
  } catch (cause) {
    if (!(cause instanceof DomainError) || !ASKED_AGAIN.includes(cause.code)) throw cause
    return ask(cause.message)
  }
}

pageRoutes.get(
  '/verify-email',
  { id: 'askVerification', ...askSpec, summary: 'Asks whether the account is theirs whose address it is' },
  async ({ ctx, query }) => verifyEmailPage(await getVerification(ctx, query), query.token),
)

pageRoutes.post(
  '/verify-email',
  {
    id: 'confirmVerification',
    ...actSpec,
    summary: 'Verifies an address, or takes its account from whoever made it',
    body: AnswerBody,
    errors: [...actSpec.errors, conflict],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return body.answer === 'yes'
      ? emailVerifiedPage(await verifyOwnEmail(ctx, body))
      : disownedPage(await disownAccount(ctx, body))
  },
)

pageRoutes.get(
  '/reset-password',
  { id: 'askNewPassword', ...askSpec, summary: 'Asks for a new password' },
  async ({ ctx, query }) => {
    await getResetUser(ctx, query.token)
    return resetPasswordPage({ token: query.token })
  },
)

pageRoutes.post(
  '/reset-password',
  {
    id: 'confirmNewPassword',
    ...actSpec,
    summary: 'Sets a new password',
    body: ResetBody,
    errors: [...actSpec.errors, weakPassword],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    try {
      await resetPassword(ctx, toReset(body))
    } catch (cause) {
      // The link still works: the form comes again.
      if (!(cause instanceof DomainError) || cause.code !== weakPassword.code) throw cause
      return resetPasswordPage({ token: body.token, problem: cause.message })
    }
    return passwordSetPage
  },
)

const askReport = async (ctx: Ctx, token: string, problem?: string): Promise<Page> =>
  reportPage({ token, methods: await listReportProofs(ctx, token), problem })

pageRoutes.get(
  '/report-activity',
  { id: 'askReport', ...askSpec, summary: 'Asks before an account is secured' },
  ({ ctx, query }) => askReport(ctx, query.token),
)

pageRoutes.post(
  '/report-activity',
  {
    id: 'confirmReport',
    ...actSpec,
    summary: 'Ends all sessions and the password, and asks for a new one',
    body: TokenAndProofForm,
    errors: [...actSpec.errors, ...secondFactorErrors],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const report = async () => resetPasswordPage({ token: (await reportActivity(ctx, body)).resetToken })
    return orAskAgain(report, (problem) => askReport(ctx, body.token, problem))
  },
)

const askRevert = async (ctx: Ctx, token: string, problem?: string): Promise<Page> =>
  revertEmailPage({ ...(await getRevertedAddress(ctx, token)), token, problem })

pageRoutes.get(
  '/revert-email',
  { id: 'askRevert', ...askSpec, summary: 'Asks before a change of address is taken back' },
  (input) => askRevert(input.ctx, input.query.token),
)

pageRoutes.post(
  '/revert-email',
  {
    id: 'confirmRevert',
    ...actSpec,
    summary: 'Takes a change of address back, and asks for a new password',
    body: TokenAndProofForm,
    errors: [...actSpec.errors, ...secondFactorErrors],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const revert = async () => resetPasswordPage({ token: (await revertEmail(ctx, body)).resetToken })
    return orAskAgain(revert, (problem) => askRevert(ctx, body.token, problem))
  },
)

const askRestore = async (ctx: Ctx, token: string, problem?: string): Promise<Page> =>
  restoreAccountPage({ token, methods: await listRestoreProofs(ctx, token), problem })

pageRoutes.get(
  '/restore-account',
  { id: 'askRestore', ...askSpec, summary: 'Asks before an account is restored' },
  ({ ctx, query }) => askRestore(ctx, query.token),
)

pageRoutes.post(
  '/restore-account',
  {
    id: 'confirmRestore',
    ...actSpec,
    summary: 'Brings back an account that its user deleted',
    body: TokenAndProofForm,
    errors: [...actSpec.errors, ...restoreErrors],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const restore = async () => {
      await restoreAccount(ctx, body)
      return accountRestoredPage
    }
    return orAskAgain(restore, (problem) => askRestore(ctx, body.token, problem))
  },
)

pageRoutes.get(
  '/unlock-account',
  { id: 'askUnlock', ...askSpec, summary: 'Asks before an account is unlocked' },
  async ({ ctx, query }) => {
    await getLockedUser(ctx, query.token)
    return unlockPage(query)
  },
)

pageRoutes.post(
  '/unlock-account',
  { id: 'confirmUnlock', ...actSpec, summary: 'Lifts the lock after too many failed attempts' },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    await unlockAccount(ctx, body)
    return unlockedPage
  },
)
