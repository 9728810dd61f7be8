import type { Page } from '../../http/page.ts'
import { type Html, html } from '../../lib/html.ts'
import { formatDay } from '../localization/service.ts'
import type { VerifiedEmail } from './service/email-change.ts'
import type { Disowned, Verification } from './service/verification.ts'

const button = (label: string): Html => html`<button type="submit">${label}</button>`

const tokenField = (token: string): Html => html`<input type="hidden" name="token" value="${token}">`

const answerButton = (answer: 'yes' | 'no', label: string): Html =>
  html`<button type="submit" name="answer" value="${answer}">${label}</button>`

/** Who asks for the address, and what each answer does. */
const PROOF_WORDS = {
  email_verification: {
    asks: 'An account was made with the address',
    yes: 'Yes confirms your address, and everything stays as it is.',
    no: 'No makes the account yours: whoever made it is signed out, and their password and other ways in stop working.',
  },
  email_change: {
    asks: 'Somebody asked to give their account the address',
    yes: 'Yes makes this the address of the account.',
    no: 'No refuses: the account does not get your address.',
  },
}

export function verifyEmailPage(verification: Verification, token: string): Page {
  const { email } = verification
  if (verification.outcome === 'already') return alreadyConfirmedPage(email)
  const { asks, yes, no } = PROOF_WORDS[verification.purpose]
  return {
    title: 'Confirm your address',
    body: html`<p>${asks} <strong>${email}</strong>.</p>
      <p>Did you make this account on ${formatDay(null, verification.madeAt)}?</p>
      <form method="post" action="/verify-email">
        ${tokenField(token)}${answerButton('yes', 'Yes, I made it')}${answerButton('no', 'No, I did not')}
      </form>
      <p>${yes}</p>
      <p>${no}</p>`,
  }
}

const alreadyConfirmedPage = (email: string): Page => ({
  title: 'Already confirmed',
  body: html`<p><strong>${email}</strong> is confirmed already. You can close this page.</p>`,
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
        body: html`<p><strong>${disowned.email}</strong> does not become the address of that account. You can close this page.</p>`,
      }
    : {
        title: 'The account is yours',
        body: html`<p>Whoever made it is signed out, and their password and other ways in stop working. Choose a password if you want to
          use the account. If not, close this page.</p>
          ${passwordForm(disowned.resetToken)}`,
      }

const passwordForm = (token: string): Html => html`<form method="post" action="/reset-password">
      ${tokenField(token)}
      <label for="password">New password</label>
      <input id="password" name="new_password" type="password" autocomplete="new-password" minlength="8" maxlength="128" required>
      ${button('Set the password')}
    </form>`

/** `problem` says why the last try was refused. */
export const resetPasswordPage = ({ token, problem }: { token: string; problem?: string }) => ({
  title: 'Choose a new password',
  status: problem === undefined ? 200 : 400,
  body: html`${alert(problem)}
    ${passwordForm(token)}`,
})

export const passwordSetPage = {
  title: 'Password set',
  body: html`<p>Your password is set, and all your sessions have ended. You can sign in with it now.</p>`,
}

/** What a link wants beside itself. A passkey needs script, which our pages have none of: a code does as well. */
interface AskedProof {
  readonly token: string
  readonly methods: readonly string[]
  /** Why the last try was refused. */
  readonly problem?: string | undefined
}

const alert = (problem: string | undefined) => (problem === undefined ? '' : html`<p role="alert">${problem}</p>`)

const passwordField = html`<label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password">`

const codeField = html`<label for="code">Code of your authenticator app, or a backup code</label>
      <input id="code" name="code" autocomplete="one-time-code" spellcheck="false">`

const proofFields = (methods: readonly string[]): Html => html`${methods.includes('password') ? passwordField : ''}
      ${methods.includes('totp') ? codeField : ''}`

export const revertEmailPage = ({ email, token, methods, problem }: AskedProof & { email: string }) => ({
  title: 'Take the change back',
  status: problem === undefined ? 200 : 400,
  body: html`${alert(problem)}<p>The address of your account becomes <strong>${email}</strong> again. All its sessions end, what was added
      for signing in since the change is removed, and you choose a new password. This cannot be taken back.</p>
    <form method="post" action="/revert-email">${tokenField(token)}${proofFields(methods)}${button('Take the change back')}</form>`,
})

export const restoreAccountPage = ({ token, methods, problem }: AskedProof) => ({
  title: 'Restore your account',
  status: problem === undefined ? 200 : 400,
  body: html`${alert(problem)}<p>Your account was deleted and is not erased yet. You can have it back as it was${methods.length > 1 ? ': one of these is enough' : ''}.</p>
    <form method="post" action="/restore-account">${tokenField(token)}${proofFields(methods)}${button('Restore the account')}</form>`,
})

export const accountRestoredPage = {
  title: 'Account restored',
  body: html`<p>Your account is back. You can sign in again.</p>`,
}

export const reportPage = ({ token, methods, problem }: AskedProof) => ({
  title: 'This was not me',
  status: problem === undefined ? 200 : 400,
  body: html`${alert(problem)}<p>All sessions of your account end, its password stops working, and you choose a new one. A factor that the mail told of as
      added is removed.</p>
    <form method="post" action="/report-activity">${tokenField(token)}${proofFields(methods)}${button('Secure my account')}</form>`,
})

export const unlockPage = ({ token }: { token: string }) => ({
  title: 'Unlock your account',
  body: html`<p>After too many failed attempts, passwords are refused for a while. You can allow them again now.</p>
    <form method="post" action="/unlock-account">
      <input type="hidden" name="token" value="${token}">
      <button type="submit">Unlock</button>
    </form>`,
})

export const unlockedPage = {
  title: 'Account unlocked',
  body: html`<p>You can sign in again. You can close this page.</p>`,
}

/** Browsers hold a form to its page's policy on the way back to the application too. */
export const confirmPage = (input: { email: string; token: string; redirectUrl: string | null }): Page => ({
  title: 'Sign in',
  formOrigins: input.redirectUrl === null ? [] : [new URL(input.redirectUrl).origin],
  body: html`<p>Sign in as <strong>${input.email}</strong>?</p>
    <form method="post" action="/magic-link">
      <input type="hidden" name="token" value="${input.token}">
      <button type="submit">Sign in</button>
    </form>
    <p>Did you not ask for this? Close the page: nothing happens.</p>`,
})

export const codePage = ({ code }: { code: string }): Page => ({
  title: 'Almost there',
  body: html`<p>Enter this code in the application in which you asked to sign in. It works once, for five minutes. Nobody else needs it.</p>
    <code>${code}</code>`,
})
