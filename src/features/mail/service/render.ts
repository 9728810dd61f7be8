import type { MessageKey, Texts } from '../../localization/service/texts.ts'
import type { EndedSessions, MailContent, MailParams, MailRequest } from '../types.ts'
import { renderPage } from './page.ts'

type Params = Readonly<Record<string, string>>

/** The deployment's name and URL. */
export interface Sender {
  readonly app: string
  readonly url: string
}

/** Parameters are reduced to one line, so that a name cannot inject a header or a paragraph. */
const MAX_PARAM = 512
/** What somebody writes to the reader is quoted whole: their bodies have no longer one. */
const MAX_MESSAGE = 2000
// biome-ignore lint/suspicious/noControlCharactersInRegex: it removes control characters
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

const oneLine = (text: string, name = ''): string =>
  text
    .replace(UNPRINTABLE, ' ')
    .slice(0, name === 'message' ? MAX_MESSAGE : MAX_PARAM)
    .trim()

/** The link in its normal form. Throws unless it is http or https. */
function checkLink(link: string): string {
  const url = new URL(link)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new TypeError('a link in a mail is http or https')
  return url.href
}

interface Described {
  /** The target of the button. */
  readonly link: string | null
  readonly isReport: boolean
  readonly params: Params
  /** Parameters that somebody typed: only for the account's confirmed owner. */
  readonly typed?: readonly ('newEmail' | 'factor')[]
  readonly ended?: EndedSessions
  /** Somebody's message is quoted. */
  readonly hasMessage?: boolean
}

const membershipParams = (
  texts: Texts,
  { organization, inviter, role, until }: MailParams['member_added'],
): Params => ({
  organization,
  inviter,
  role: texts.text(`role.${role}`),
  until: texts.time(until),
})

function describe(texts: Texts, request: MailRequest): Described {
  switch (request.kind) {
    case 'email_verification':
    case 'email_change':
    case 'password_reset':
    case 'password_dropped':
    case 'magic_link':
    case 'account_exists':
      return {
        link: request.params.link,
        isReport: false,
        params: { lifetime: texts.duration(request.params.lifetimeMs) },
      }
    case 'provider_email': {
      const { link, lifetimeMs, provider } = request.params
      return { link, isReport: false, params: { provider, lifetime: texts.duration(lifetimeMs) } }
    }
    case 'email_change_notice':
      return {
        link: request.params.reportLink,
        isReport: true,
        params: { newEmail: request.params.newEmail },
        typed: ['newEmail'],
      }
    case 'email_changed': {
      const { newEmail, time, until, revertLink } = request.params
      const params = { newEmail, time: texts.time(time), until: texts.time(until) }
      return { link: revertLink, isReport: false, params }
    }
    case 'email_reverted':
      return { link: null, isReport: false, params: { newEmail: request.params.newEmail } }
    case 'deleted_account':
      return { link: request.params.link, isReport: false, params: { until: texts.time(request.params.until) } }
    case 'deleted_by_admin':
      return { link: null, isReport: false, params: { until: texts.time(request.params.until) } }
    case 'mfa_recovery':
    case 'account_reopened':
    case 'account_restored':
      return { link: null, isReport: false, params: {} }
    case 'account_closed':
    case 'account_kept':
      return { link: null, isReport: false, params: {}, ended: 'all' }
    case 'account_deleted': {
      const params = { until: texts.time(request.params.until) }
      return { link: null, isReport: false, params, ended: 'all' }
    }
    case 'password_changed':
    case 'data_exported':
    case 'backup_codes_replaced':
      return { link: request.params.reportLink, isReport: true, params: {} }
    case 'new_device': {
      const { device, ip, time, reportLink } = request.params
      return {
        link: reportLink,
        isReport: true,
        params: { device, ip, time: texts.time(time) },
      }
    }
    case 'factor_added':
    case 'factor_removed': {
      const { factor, ended, reportLink } = request.params
      return { link: reportLink, isReport: true, params: { factor }, typed: ['factor'], ended }
    }
    case 'invitation': {
      const { link, message, ...rest } = request.params
      const params = { ...membershipParams(texts, rest), ...(message !== null && { message }) }
      return { link, isReport: false, params, hasMessage: message !== null }
    }
    case 'member_added':
      return { link: null, isReport: false, params: membershipParams(texts, request.params) }
    case 'organization_ownerless':
    case 'webhook_created':
    case 'webhook_disabled':
    case 'webhook_author_left':
      return { link: null, isReport: false, params: request.params }
    case 'sso_changed': {
      const { organization, change, about, time } = request.params
      const key = `sso_about.${about}`
      const said = texts.text(`sso_change.${change}`, { about: oneLine(texts.isKey(key) ? texts.text(key) : about) })
      return { link: null, isReport: false, params: { organization, change: said, time: texts.time(time) } }
    }
    case 'sso_break_glass': {
      const { organization, who, time } = request.params
      return { link: null, isReport: false, params: { organization, who, time: texts.time(time) } }
    }
    case 'data_request_extended': {
      const { until, message } = request.params
      const params = { until: texts.time(until), ...(message !== null && { message }) }
      return { link: null, isReport: false, params, hasMessage: message !== null }
    }
    case 'data_request_answered': {
      const { outcome, message } = request.params
      const params = {
        outcome: texts.text(`data_request.${outcome}`),
        ...(message !== null && { message }),
      }
      return { link: null, isReport: false, params, hasMessage: message !== null }
    }
    case 'data_requests_due': {
      const { count, until } = request.params
      return { link: null, isReport: false, params: { count: String(count), until: texts.time(until) } }
    }
    case 'account_locked': {
      const { until, unlockLink } = request.params
      return { link: unlockLink, isReport: false, params: { until: texts.time(until) } }
    }
  }
}

const mapValues = (params: Params, change: (value: string, name: string) => string): Params =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, change(value, name)]))

/** The mail in the recipient's language, as text and as HTML. */
export function renderMail(texts: Texts, sender: Sender, request: MailRequest): MailContent {
  const { kind, owner = null } = request
  const { link, isReport, params, typed = [], ended = 'none', hasMessage = false } = describe(texts, request)
  const unsaid = owner === null ? typed.map((name) => [name, texts.text(`mail.unsaid.${name}`)]) : []
  const name = owner?.name ?? null
  const plain = mapValues({ ...params, ...Object.fromEntries(unsaid), ...sender, name: name ?? '' }, oneLine)
  const optional = (key: string): MessageKey[] => (texts.isKey(key) ? [key] : [])
  const before: MessageKey[] = [
    name === null ? 'mail.greeting' : 'mail.greeting_by_name',
    `mail.${kind}.body`,
    ...(hasMessage ? optional(`mail.${kind}.message`) : []),
    ...optional(`mail.ended.${ended}`),
  ]
  const after: MessageKey[] = [
    ...(isReport ? (['mail.not_you'] as const) : []),
    ...optional(`mail.${kind}.note`),
    'mail.footer',
  ]
  const say = (keys: readonly MessageKey[]) => keys.map((key) => texts.text(key, plain))
  const label = say(optional(`mail.${kind}.action`)).join('')
  const href = link === null ? null : checkLink(link)
  const action = href === null ? [] : [`${label}:\n${href}`]
  const subject = texts.text(`mail.${kind}.subject`, plain).slice(0, MAX_PARAM)
  return {
    subject,
    text: `${[...say(before), ...action, ...say(after)].join('\n\n')}\n`,
    html: renderPage({
      title: subject,
      language: texts.locale,
      dir: texts.dir,
      before: say(before),
      button: href === null ? null : { href, label, hint: texts.text('mail.link_hint') },
      after: say(after),
    }),
  }
}
