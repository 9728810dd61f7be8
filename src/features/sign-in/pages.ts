import type { Page } from '../../http/page.ts'
import { type Frame, type Html, html } from '../../lib/html.ts'
import { formatDay, formatDuration } from '../localization/service.ts'
import type { VerifiedEmail } from './service/email-change.ts'
import type { Disowned, Verification } from './service/verification.ts'
import {
  type Asked,
  accountField,
  describedBy,
  type LinkPage,
  linkPage,
  newPasswordField,
  type Params,
  paragraph,
  say,
  showButton,
  strong,
  titleOf,
  wayOn,
} from './wire/pages.ts'

type Statement =
  | 'already_verified'
  | 'email_verified'
  | 'change_refused'
  | 'password_set'
  | 'account_restored'
  | 'unlocked'

/** A page that says what was done. */
const statementPage = (frame: Frame, name: Statement, params?: Params, on = wayOn(frame)): Page => ({
  frame,
  title: titleOf(frame, `page.${name}.title`),
  body: html`${paragraph(frame, `page.${name}.text`, params)}
      ${on}`,
})

/** The way to an application, for a browser that does not follow `refreshTo`. */
function wayTo(frame: Frame, url: string): Html {
  const { host } = new URL(url)
  return html`<p><a class="button" href="${url}">${say(frame, 'page.continue', { app: host })}</a></p>`
}

const passwordField = (
  frame: Frame,
  isWrong: boolean,
): Html => html`<label for="password">${say(frame, 'page.password')}</label>
        <input id="password" name="password" type="password" autocomplete="current-password"${describedBy(isWrong, null)}>
        ${showButton(frame)}`

const codeField = (frame: Frame, isWrong: boolean): Html => html`<label for="code">${say(frame, 'page.code')}</label>
        <input id="code" name="code" autocomplete="one-time-code" autocapitalize="characters" spellcheck="false"${describedBy(isWrong, null)}>`

export function verifyEmailPage(verification: Verification, { frame, token }: Asked): Page {
  const email = strong(verification.email)
  if (verification.outcome === 'already') return statementPage(frame, 'already_verified', { email })
  const what = verification.purpose === 'email_change' ? 'changed' : 'made'
  return linkPage({
    frame,
    title: 'page.verify_email.title',
    path: '/verify-email',
    token,
    text: html`${paragraph(frame, `page.verify_email.${what}`, { email })}
      ${paragraph(frame, 'page.verify_email.question', { day: formatDay(frame.language, verification.madeAt) })}
      ${paragraph(frame, `page.verify_email.${what}_yes`)}
      ${paragraph(frame, `page.verify_email.${what}_no`)}`,
    submit: html`<button type="submit" name="answer" value="yes">${say(frame, 'page.verify_email.yes')}</button>
        <button class="second" type="submit" name="answer" value="no">${say(frame, 'page.verify_email.no')}</button>`,
  })
}

export function emailVerifiedPage(frame: Frame, { outcome, email, redirectUrl }: VerifiedEmail): Page {
  const name = outcome === 'already' ? 'already_verified' : 'email_verified'
  if (redirectUrl === null) return statementPage(frame, name, { email: strong(email) })
  return {
    ...statementPage(frame, name, { email: strong(email) }, wayTo(frame, redirectUrl)),
    refreshTo: redirectUrl,
  }
}

export const changeRefusedPage = (frame: Frame, { email }: Extract<Disowned, { outcome: 'change_refused' }>): Page =>
  statementPage(frame, 'change_refused', { email: strong(email) })

/** `minLength` is the setting's. */
export interface NewPassword extends Asked {
  readonly email: string
  readonly minLength: number
}

const newPasswordPage = (
  { frame, token, problem, email, minLength }: NewPassword,
  texts: Pick<LinkPage, 'title' | 'text'>,
): Page => ({
  ...linkPage({
    ...texts,
    frame,
    token,
    problem,
    path: '/reset-password',
    fields: html`${accountField(frame, email)}
        ${newPasswordField(frame, minLength, problem?.field === 'password')}`,
    submit: 'page.reset_password.submit',
  }),
  hasPassword: true,
})

export const resetPasswordPage = (asked: NewPassword): Page =>
  newPasswordPage(asked, { title: 'page.reset_password.title' })

/** The holder of an address has taken its account over. */
export const takenOverPage = (asked: NewPassword): Page =>
  newPasswordPage(asked, { title: 'page.taken_over.title', text: paragraph(asked.frame, 'page.taken_over.text') })

export const passwordSetPage = (frame: Frame): Page => statementPage(frame, 'password_set')
export const accountRestoredPage = (frame: Frame): Page => statementPage(frame, 'account_restored')
export const unlockedPage = (frame: Frame): Page => statementPage(frame, 'unlocked')

/** A link that may need a further proof; `methods` are the possible ones, and `email` whose password would be one. */
interface AskedProof extends Asked {
  readonly email?: string
  readonly methods: readonly string[]
}

/** Passkeys are not offered: they need more script than our pages have. */
function proofPage(
  { frame, token, problem, email = '', methods }: AskedProof,
  page: Pick<LinkPage, 'title' | 'path' | 'submit'> & { readonly text: Html },
): Page {
  const hasPassword = methods.includes('password')
  const fields = html`${
    hasPassword
      ? html`${accountField(frame, email)}
        ${passwordField(frame, problem?.field === 'password')}`
      : null
  }
        ${methods.includes('totp') ? codeField(frame, problem?.field === 'code') : null}`
  if (methods.length > 0 && methods.every((method) => method === 'passkey'))
    return {
      frame,
      title: titleOf(frame, page.title),
      body: html`${page.text}
      ${paragraph(frame, 'page.passkey_needed', { app: frame.app })}
      ${wayOn(frame)}`,
    }
  return { ...linkPage({ ...page, frame, token, problem, fields }), hasPassword }
}

export const revertEmailPage = (asked: AskedProof & { readonly email: string }): Page =>
  proofPage(asked, {
    title: 'page.revert_email.title',
    path: '/revert-email',
    text: paragraph(asked.frame, 'page.revert_email.text', { email: strong(asked.email) }),
    submit: 'page.revert_email.title',
  })

export const restoreAccountPage = (asked: AskedProof): Page =>
  proofPage(asked, {
    title: 'page.restore_account.title',
    path: '/restore-account',
    text: html`${paragraph(asked.frame, 'page.restore_account.text')}
      ${asked.methods.length > 1 ? paragraph(asked.frame, 'page.restore_account.one_of') : null}`,
    submit: 'page.restore_account.submit',
  })

export const reportPage = (asked: AskedProof): Page =>
  proofPage(asked, {
    title: 'page.report.title',
    path: '/report-activity',
    text: paragraph(asked.frame, 'page.report.text'),
    submit: 'page.report.submit',
  })

export const unlockPage = ({ frame, token }: Asked): Page =>
  linkPage({
    frame,
    token,
    title: 'page.unlock.title',
    path: '/unlock-account',
    text: paragraph(frame, 'page.unlock.text'),
    submit: 'page.unlock.submit',
  })

export const magicLinkPage = ({ frame, token, email }: Asked & { readonly email: string }): Page =>
  linkPage({
    frame,
    token,
    title: 'page.magic_link.title',
    path: '/magic-link',
    text: paragraph(frame, 'page.magic_link.text', { email: strong(email) }),
    submit: 'page.magic_link.submit',
  })

export const magicLinkCodePage = (frame: Frame, { code, lifetimeMs }: { code: string; lifetimeMs: number }): Page => ({
  frame,
  title: titleOf(frame, 'page.code_shown.title'),
  body: html`${paragraph(frame, 'page.code_shown.text', { lifetime: formatDuration(frame.language, lifetimeMs) })}
      <code>${code}</code>
      ${paragraph(frame, 'page.code_shown.warning', { app: frame.app })}`,
})

/** Sends the person on to an application. */
export const goingOnPage = (frame: Frame, url: string): Page => ({
  frame,
  title: titleOf(frame, 'page.going_on.title'),
  refreshTo: url,
  body: html`${paragraph(frame, 'page.going_on.text', { host: new URL(url).host })}
      ${wayTo(frame, url)}`,
})

export const linkRenewedPage = (frame: Frame): Page => ({
  frame,
  title: titleOf(frame, 'page.link_renewed.title'),
  body: paragraph(frame, 'page.link_renewed.text'),
})
