import { InvalidInput } from '../../../http/input.ts'
import { answerPage, type Page } from '../../../http/page.ts'
import { type ErrorRenderer, errorHeaders, statusOf } from '../../../http/render-error.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { type Frame, type Html, type HtmlValue, html } from '../../../lib/html.ts'
import { MAX_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import {
  formatTime,
  frameOf,
  isMessageKey,
  type MessageKey,
  translate,
  translateHtml,
} from '../../localization/service.ts'
import type { LinkDescription } from '../service/link-state.ts'

// What the pages behind mailed links are made of.

export type Params = Readonly<Record<string, HtmlValue>>

export const say = ({ language }: Frame, key: MessageKey, params?: Params): Html => translateHtml(language, key, params)
export const titleOf = ({ language }: Frame, key: MessageKey): string => translate(language, key)
export const paragraph = (frame: Frame, key: MessageKey, params?: Params): Html =>
  html`<p>${say(frame, key, params)}</p>`
export const strong = (text: string): Html => html`<strong>${text}</strong>`

/** The way on from a page on which nothing is left to do. */
export const wayOn = (frame: Frame): Html =>
  frame.appUrl === null
    ? paragraph(frame, 'page.close')
    : html`<p><a class="button" href="${frame.appUrl}">${say(frame, 'page.continue', { app: frame.app })}</a></p>`

/** Why the last attempt was refused, and the field that was wrong. */
export interface Problem {
  readonly text: Html
  readonly field: 'password' | 'code' | null
}

const FIELDS: Readonly<Record<string, Problem['field']>> = {
  WEAK_PASSWORD: 'password',
  INVALID_PASSWORD: 'password',
  INVALID_CODE: 'code',
}

/** The reasons of a weak password that have words of their own. */
const NAMED_WEAKNESSES = ['too_short', 'breached']

/** Errors after which the link still works: its form is shown again. */
export function findProblem(frame: Frame, { code, details }: DomainError): Problem | null {
  const key = `page.problem.${code}`
  if (!isMessageKey(key)) return null
  const reasons = Array.isArray(details.reasons) ? details.reasons : []
  const reason = code === 'WEAK_PASSWORD' ? NAMED_WEAKNESSES.find((name) => reasons.includes(name)) : undefined
  const named = `page.problem.${reason}`
  const text = say(frame, isMessageKey(named) ? named : key, { min: String(details.min_length ?? '') })
  return { text, field: FIELDS[code] ?? null }
}

/** The problem has the focus, and its field is described by it. */
const alertOf = (problem: Problem | null): Html | null =>
  problem && html`<p class="problem" id="problem" role="alert" tabindex="-1" autofocus>${problem.text}</p>`

export const describedBy = (isWrong: boolean, hint: string | null): Html | null => {
  const ids = [isWrong ? 'problem' : '', hint ?? ''].filter(Boolean).join(' ')
  return ids === '' ? null : html`${isWrong ? html` aria-invalid="true"` : null} aria-describedby="${ids}"`
}

/** Not sent: password managers look for it, to know whose password it is. */
export const accountField = (
  frame: Frame,
  email: string,
): Html => html`<label for="account">${say(frame, 'page.account')}</label>
        <input id="account" type="email" autocomplete="username" value="${email}" readonly>`

export const showButton = (frame: Frame): Html =>
  html`<button class="show" type="button" aria-controls="password" aria-pressed="false" hidden>${say(frame, 'page.show_password')}</button>`

export const newPasswordField = (frame: Frame, minLength: number, isWrong: boolean): Html => {
  const min = String(minLength)
  return html`<label for="password">${say(frame, 'page.new_password')}</label>
        <input id="password" name="new_password" type="password" autocomplete="new-password" minlength="${min}" maxlength="${String(MAX_PASSWORD_LENGTH)}" required${describedBy(isWrong, 'rule')}>
        ${showButton(frame)}
        <p class="hint" id="rule">${say(frame, 'page.password_rule', { min })}</p>`
}

export interface LinkPage {
  readonly frame: Frame
  readonly title: MessageKey
  /** Where the form is sent. */
  readonly path: string
  readonly token: string
  readonly text?: Html | null
  readonly fields?: Html | null
  readonly submit: MessageKey | Html
  readonly problem?: Problem | null
}

/** The page that a mailed link opens: it says what the link does, and its form does it. */
export const linkPage = ({
  frame,
  title,
  path,
  token,
  text = null,
  fields = null,
  submit,
  problem = null,
}: LinkPage): Page => ({
  frame,
  title: titleOf(frame, title),
  status: problem === null ? 200 : 400,
  body: html`${alertOf(problem)}
      ${text}
      <form method="post" action="${path}">
        <input type="hidden" name="token" value="${token}">
        ${fields}
        ${typeof submit === 'string' ? html`<button type="submit">${say(frame, submit)}</button>` : submit}
      </form>`,
})

export interface Asked {
  readonly frame: Frame
  readonly token: string
  readonly problem: Problem | null
}

/** A failure in the reader's words. */
export function errorPage(frame: Frame, { code }: Pick<DomainError, 'code'>): Page {
  const key = `page.error.${code}`
  return {
    frame,
    title: titleOf(frame, 'page.error.title'),
    body: html`${paragraph(frame, isMessageKey(key) ? key : 'page.error.other')}
      ${wayOn(frame)}`,
  }
}

/** Says what is wrong with a link, and offers the next step. */
export function brokenLinkPage(frame: Frame, token: string, { state, expiresAt, isRenewable }: LinkDescription): Page {
  // A link that is still valid was refused because of its account.
  const what = state === 'valid' ? 'void' : state
  const renewal = html`<form method="post" action="/new-link">
        <input type="hidden" name="token" value="${token}">
        <button type="submit">${say(frame, 'page.link.renew')}</button>
      </form>`
  return {
    frame,
    status: 400,
    title: titleOf(frame, `page.link.${what}.title`),
    body: html`${paragraph(frame, `page.link.${what}.text`, { until: formatTime(frame.language, expiresAt) })}
      ${isRenewable ? renewal : frame.appUrl && wayOn(frame)}`,
  }
}

export const incompleteLinkPage = (frame: Frame): Page =>
  brokenLinkPage(frame, '', { state: 'incomplete', locale: null, expiresAt: 0, isRenewable: false })

/** Without a token, the address in the mail was cut. */
const hasNoToken = (error: DomainError): boolean =>
  error instanceof InvalidInput && error.issues.some(({ path }) => path[0] === 'token')

/** A failure as a page. */
export const renderErrorPage: ErrorRenderer = (ctx, error) => {
  const frame = frameOf(ctx, null)
  const page = hasNoToken(error) ? incompleteLinkPage(frame) : errorPage(frame, error)
  return answerPage({ ...page, status: statusOf(error) }, errorHeaders(error))
}
