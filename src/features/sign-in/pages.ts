import type { Page } from '../../http/page.ts'
import { type Html, html } from '../../lib/html.ts'
import { formatDay } from '../localization/service.ts'
import type { VerifiedEmail } from './service/email-change.ts'
import type { Disowned, Verification } from './service/verification.ts'

interface LinkPage {
  readonly title: string
  /** Where the form is sent. */
  readonly path: string
  readonly token: string
  readonly text?: Html
  /** Proofs that the link asks for. Passkeys are not offered: they need script, and our pages have none. */
  readonly methods?: readonly string[]
  readonly fields?: Html
  readonly submit: string | Html
  /** Why the last attempt was refused. */
  readonly problem?: string | undefined
}

const passwordField = html`<label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password">`

const codeField = html`<label for="code">Code from your authenticator app, or a backup code</label>
      <input id="code" name="code" autocomplete="one-time-code" spellcheck="false">`

/** The page that a mailed link opens: it says what the link does, and its form does it. */
const linkPage = ({ title, path, token, text, methods = [], fields, submit, problem }: LinkPage): Page => ({
  title,
  status: problem === undefined ? 200 : 400,
  body: html`${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
    ${text ?? ''}
    <form method="post" action="${path}">
      <input type="hidden" name="token" value="${token}">
      ${methods.includes('password') ? passwordField : ''}
      ${methods.includes('totp') ? codeField : ''}
      ${fields ?? ''}
      ${typeof submit === 'string' ? html`<button type="submit">${submit}</button>` : submit}
    </form>`,
})

/** Who asks for the address, and what each answer does. */
const PROOF_TEXTS = {
  email_verification: {
    asks: 'An account was made with the address',
    yes: 'Yes confirms your address and changes nothing else.',
    no: 'No gives the account to you: whoever made it is signed out, and their password and other ways to sign in stop working.',
  },
  email_change: {
    asks: 'Somebody asked to change the address of their account to',
    yes: 'Yes makes this the address of the account.',
    no: 'No refuses the change: the account does not get your address.',
  },
}

export function verifyEmailPage(verification: Verification, token: string): Page {
  const { email } = verification
  if (verification.outcome === 'already') return alreadyConfirmedPage(email)
  const { asks, yes, no } = PROOF_TEXTS[verification.purpose]
  return linkPage({
    title: 'Confirm your address',
    path: '/verify-email',
    token,
    text: html`<p>${asks} <strong>${email}</strong>.</p>
      <p>Did you make this account on ${formatDay(null, verification.madeAt)}?</p>
      <p>${yes}</p>
      <p>${no}</p>`,
    submit: html`<button type="submit" name="answer" value="yes">Yes, I made it</button>
      <button type="submit" name="answer" value="no">No, I did not</button>`,
  })
}

const alreadyConfirmedPage = (email: string): Page => ({
  title: 'Already confirmed',
  body: html`<p><strong>${email}</strong> is already confirmed. You can close this page.</p>`,
})

export const emailVerifiedPage = ({ outcome, email }: VerifiedEmail): Page =>
  outcome === 'already'
    ? alreadyConfirmedPage(email)
    : {
        title: 'Address confirmed',
        body: html`<p><strong>${email}</strong> is confirmed. You can close this page.</p>`,
      }

export const disownedPage = (disowned: Disowned): Page =>
  disowned.outcome === 'change_refused'
    ? {
        title: 'Change refused',
        body: html`<p>The account does not get the address <strong>${disowned.email}</strong>. You can close this page.</p>`,
      }
    : newPasswordPage({
        title: 'The account is yours',
        text: html`<p>Whoever made it is signed out, and their password and other ways to sign in stop working. Choose a password if
          you want to use the account. If not, close this page.</p>`,
        token: disowned.resetToken,
      })

const newPasswordPage = (page: Pick<LinkPage, 'title' | 'text' | 'token' | 'problem'>): Page =>
  linkPage({
    ...page,
    path: '/reset-password',
    fields: html`<label for="password">New password</label>
      <input id="password" name="new_password" type="password" autocomplete="new-password" minlength="8" maxlength="128" required>`,
    submit: 'Set the password',
  })

type Asked = Pick<LinkPage, 'token' | 'problem'>

export const resetPasswordPage = (asked: Asked): Page => newPasswordPage({ title: 'Choose a new password', ...asked })

export const passwordSetPage: Page = {
  title: 'Password set',
  body: html`<p>Your password is set, and all your sessions have ended. You can now sign in with the new password.</p>`,
}

type AskedProof = Asked & Required<Pick<LinkPage, 'methods'>>

export const revertEmailPage = ({ email, ...asked }: AskedProof & { email: string }): Page =>
  linkPage({
    ...asked,
    title: 'Take the change back',
    path: '/revert-email',
    text: html`<p>The address of your account becomes <strong>${email}</strong> again. All sessions end, every way to sign in that was
      added since the change is removed, and you choose a new password. This cannot be undone.</p>`,
    submit: 'Take the change back',
  })

export const restoreAccountPage = (asked: AskedProof): Page =>
  linkPage({
    ...asked,
    title: 'Restore your account',
    path: '/restore-account',
    text: html`<p>Your account is deleted but not erased yet. You can restore it as it was.${
      asked.methods.length > 1 ? ' One of the following is enough.' : ''
    }</p>`,
    submit: 'Restore the account',
  })

export const accountRestoredPage: Page = {
  title: 'Account restored',
  body: html`<p>Your account is restored. You can sign in again.</p>`,
}

export const reportPage = (asked: AskedProof): Page =>
  linkPage({
    ...asked,
    title: 'This was not me',
    path: '/report-activity',
    text: html`<p>All sessions of your account end, its password stops working, and you choose a new one. If the mail was about a newly
      added way to sign in, that is removed.</p>`,
    submit: 'Secure my account',
  })

export const unlockPage = (asked: Asked): Page =>
  linkPage({
    ...asked,
    title: 'Unlock your account',
    path: '/unlock-account',
    text: html`<p>After too many failed attempts, your account refuses passwords for a while. You can lift this lock now.</p>`,
    submit: 'Unlock',
  })

export const unlockedPage: Page = {
  title: 'Account unlocked',
  body: html`<p>You can sign in again. You can close this page.</p>`,
}

/** The redirect's origin is allowed, because browsers apply `form-action` to redirects of a form too. */
export const magicLinkPage = (input: { email: string; token: string; redirectUrl: string | null }): Page => ({
  ...linkPage({
    title: 'Sign in',
    path: '/magic-link',
    token: input.token,
    text: html`<p>Sign in as <strong>${input.email}</strong>? If you did not ask for this, close the page: nothing happens.</p>`,
    submit: 'Sign in',
  }),
  formOrigins: input.redirectUrl === null ? [] : [new URL(input.redirectUrl).origin],
})

export const magicLinkCodePage = ({ code }: { code: string }): Page => ({
  title: 'Almost there',
  body: html`<p>Enter this code in the application where you asked to sign in. It works once, for five minutes. Do not give it to
      anybody.</p>
    <code>${code}</code>`,
})
