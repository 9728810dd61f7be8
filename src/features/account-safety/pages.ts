import { html } from '../../lib/html.ts'

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
