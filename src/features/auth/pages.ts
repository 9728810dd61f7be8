import { type Html, html } from '../../lib/html.ts'

const button = (label: string): Html => html`<button type="submit">${label}</button>`

const tokenField = (token: string): Html => html`<input type="hidden" name="token" value="${token}">`

export const verifyEmailPage = ({ email, token }: { email: string; token: string }) => ({
  title: 'Confirm your address',
  body: html`<p>Confirm that <strong>${email}</strong> is your email address.</p>
    <form method="post" action="/verify-email">${tokenField(token)}${button('Confirm')}</form>`,
})

export const emailVerifiedPage = ({ email }: { email: string }) => ({
  title: 'Address confirmed',
  body: html`<p><strong>${email}</strong> is confirmed. You can close this page.</p>`,
})

/** `problem` says why the last try was refused. */
export const resetPasswordPage = ({ token, problem }: { token: string; problem?: string }) => ({
  title: 'Choose a new password',
  status: problem === undefined ? 200 : 400,
  body: html`${problem === undefined ? '' : html`<p role="alert">${problem}</p>`}
    <form method="post" action="/reset-password">
      ${tokenField(token)}
      <label for="password">New password</label>
      <input id="password" name="new_password" type="password" autocomplete="new-password" minlength="8" maxlength="128" required>
      ${button('Set the password')}
    </form>`,
})

export const passwordSetPage = {
  title: 'Password set',
  body: html`<p>Your password is set, and all your sessions have ended. You can sign in with it now.</p>`,
}

export const reportPage = ({ token }: { token: string }) => ({
  title: 'This was not me',
  body: html`<p>All sessions of your account end, its password stops working, and you choose a new one. A factor that the mail told of as
      added is removed.</p>
    <form method="post" action="/report-activity">${tokenField(token)}${button('Secure my account')}</form>`,
})
