import type { Page } from '../../http/page.ts'
import { html } from '../../lib/html.ts'

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
