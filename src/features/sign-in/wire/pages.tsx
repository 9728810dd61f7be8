import type { Child } from 'hono/jsx'
import type { Ctx } from '../../../context.ts'
import { SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import { InvalidInput } from '../../../http/input.ts'
import { answerPage, type Page } from '../../../http/page.ts'
import { errorHeaders, type PageErrorRenderer, statusOf } from '../../../http/render-error.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { MAX_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import { frameOf, type MessageKey, type PageFrame, type Values } from '../../localization/service/texts.ts'
import type { VerifiedEmail } from '../service/email-change.ts'
import type { LinkDescription } from '../service/link-state.ts'
import type { Disowned, Verification } from '../service/verification.ts'

// What the pages behind mailed links are made of; the pages themselves follow.

type Params = Readonly<Record<string, number | Child>>

/** A text; a value may be an element. */
export const say = ({ texts }: PageFrame, key: MessageKey, params: Params = {}): Child =>
  texts.parts(key, params as Values<object>) as Child[]
export const titleOf = ({ texts }: PageFrame, key: MessageKey): string => texts.text(key)
export const paragraph = (frame: PageFrame, key: MessageKey, params?: Params) => <p>{say(frame, key, params)}</p>
export const strong = (text: string) => <strong>{text}</strong>

/** A way on that looks as a button. */
export const wayTo = (url: string, label: Child) => (
  <p>
    <a class="button" href={url}>
      {label}
    </a>
  </p>
)

/** The way on from a page on which nothing is left to do. */
export const wayOn = (frame: PageFrame) =>
  frame.appUrl === null
    ? paragraph(frame, 'page.close')
    : wayTo(frame.appUrl, say(frame, 'page.continue', { app: frame.app }))

/** On to sign in, with what a link's pages carry (`search`), which is checked there. */
const wayToSignIn = (frame: PageFrame, search: string) =>
  search === '' ? wayOn(frame) : wayTo(`/sign-in${search}`, say(frame, 'page.sign_in.submit'))

/** Why the last attempt was refused, and the field that was wrong. */
interface Problem {
  readonly text: Child
  readonly field: 'password' | 'code' | null
}

const FIELDS: Readonly<Record<string, Problem['field']>> = {
  WEAK_PASSWORD: 'password',
  INVALID_PASSWORD: 'password',
  INVALID_CODE: 'code',
}

/** The reasons of a weak password that have words of their own. */
const NAMED_WEAKNESSES = ['too_short', 'breached']

/** What is wrong with a new password, where it has words of its own. */
export function findWeakness(frame: PageFrame, { code, details }: DomainError): Child | null {
  const reasons = code === 'WEAK_PASSWORD' && Array.isArray(details.reasons) ? details.reasons : []
  const key = `page.problem.${NAMED_WEAKNESSES.find((name) => reasons.includes(name))}`
  return frame.texts.isKey(key) ? say(frame, key, { min: Number(details.min_length ?? 0) }) : null
}

/** Errors after which the link still works: its form is shown again. */
export function findProblem(frame: PageFrame, error: DomainError): Problem | null {
  const key = `page.problem.${error.code}`
  if (!frame.texts.isKey(key)) return null
  return { text: findWeakness(frame, error) ?? say(frame, key), field: FIELDS[error.code] ?? null }
}

/** The problem has the focus, and its field is described by it. */
const alertOf = (problem: Problem | null) =>
  problem && (
    <p class="problem" id="problem" role="alert" tabindex={-1} autofocus>
      {problem.text}
    </p>
  )

const describedBy = (isWrong: boolean, hint: string | null): string | undefined =>
  [isWrong ? 'problem' : '', hint ?? ''].filter(Boolean).join(' ') || undefined

const invalid = (isWrong: boolean) => (isWrong ? 'true' : undefined)

/** Not sent: password managers look for it, to know whose password it is. */
export const accountField = (frame: PageFrame, email: string) => (
  <>
    <label for="account">{say(frame, 'page.account')}</label>
    <input id="account" type="email" autocomplete="username" value={email} readonly />
  </>
)

const showButton = (frame: PageFrame) => (
  <button class="show" type="button" aria-controls="password" aria-pressed="false" hidden>
    {say(frame, 'page.show_password')}
  </button>
)

export const newPasswordField = (frame: PageFrame, minLength: number, isWrong: boolean) => (
  <>
    <label for="password">{say(frame, 'page.new_password')}</label>
    <input
      id="password"
      name="new_password"
      type="password"
      autocomplete="new-password"
      minlength={minLength}
      maxlength={MAX_PASSWORD_LENGTH}
      required
      aria-invalid={invalid(isWrong)}
      aria-describedby={describedBy(isWrong, 'rule')}
    />
    {showButton(frame)}
    <p class="hint" id="rule">
      {say(frame, 'page.password_rule', { min: minLength })}
    </p>
  </>
)

interface LinkPage {
  readonly frame: PageFrame
  readonly title: MessageKey
  /** Where the form is sent. */
  readonly path: string
  readonly token: string
  readonly text?: Child
  readonly fields?: Child
  /** The label of its button. */
  readonly submit?: MessageKey
  /** In place of the one button. */
  readonly buttons?: Child
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
  buttons,
  problem = null,
}: LinkPage): Page => ({
  frame,
  title: titleOf(frame, title),
  status: problem === null ? 200 : 400,
  body: (
    <>
      {alertOf(problem)}
      {text}
      <form method="post" action={`${path}${frame.query}`}>
        <input type="hidden" name="token" value={token} />
        {fields}
        {submit === undefined ? buttons : <button type="submit">{say(frame, submit)}</button>}
      </form>
    </>
  ),
})

export interface Asked {
  readonly frame: PageFrame
  readonly token: string
  readonly problem: Problem | null
}

/** A failure in the reader's words. */
export function errorText(frame: PageFrame, code: string) {
  const key = `page.error.${code}`
  return paragraph(frame, frame.texts.isKey(key) ? key : 'page.error.other')
}

export const errorPage = (frame: PageFrame, { code }: Pick<DomainError, 'code'>): Page => ({
  frame,
  title: titleOf(frame, 'page.error.title'),
  body: (
    <>
      {errorText(frame, code)}
      {wayOn(frame)}
    </>
  ),
})

/** Says what is wrong with a link, and offers the next step. */
export function brokenLinkPage(
  frame: PageFrame,
  token: string,
  { state, expiresAt, isRenewable }: LinkDescription,
): Page {
  // A link that is still valid was refused because of its account.
  const what = state === 'valid' ? 'void' : state
  const renewal = (
    <form method="post" action={`/new-link${frame.query}`}>
      <input type="hidden" name="token" value={token} />
      <button type="submit">{say(frame, 'page.link.renew')}</button>
    </form>
  )
  return {
    frame,
    status: 400,
    title: titleOf(frame, `page.link.${what}.title`),
    body: (
      <>
        {paragraph(frame, `page.link.${what}.text`, { until: frame.texts.time(expiresAt) })}
        {isRenewable ? renewal : frame.appUrl && wayOn(frame)}
      </>
    ),
  }
}

const incompleteLinkPage = (frame: PageFrame): Page =>
  brokenLinkPage(frame, '', { state: 'incomplete', locale: null, expiresAt: 0, isRenewable: false })

/** Without a token, the address in the mail was cut. */
const hasNoToken = (error: DomainError): boolean =>
  error instanceof InvalidInput && error.issues.some(({ path }) => path[0] === 'token')

/** A failure as a page. */
export const renderErrorPage: PageErrorRenderer = Object.assign(
  async (ctx: Ctx, error: DomainError) => {
    const frame = await frameOf(ctx, null)
    const page = hasNoToken(error) ? incompleteLinkPage(frame) : errorPage(frame, error)
    return answerPage({ ...page, status: statusOf(error) }, errorHeaders(error))
  },
  { isPage: true } as const,
)

type Statement =
  | 'already_verified'
  | 'email_verified'
  | 'change_refused'
  | 'password_set'
  | 'account_restored'
  | 'unlocked'
  | 'signed_out'

/** A page that says what was done. */
const statementPage = (frame: PageFrame, name: Statement, params?: Params, on: Child = wayOn(frame)): Page => ({
  frame,
  title: titleOf(frame, `page.${name}.title`),
  body: (
    <>
      {paragraph(frame, `page.${name}.text`, params)}
      {on}
    </>
  ),
})

/** The way to an application, for a browser that does not follow `refreshTo`. */
const wayToApplication = (frame: PageFrame, url: string) =>
  wayTo(url, say(frame, 'page.continue', { app: new URL(url).host }))

const passwordField = (frame: PageFrame, isWrong: boolean) => (
  <>
    <label for="password">{say(frame, 'page.password')}</label>
    <input
      id="password"
      name="password"
      type="password"
      autocomplete="current-password"
      aria-invalid={invalid(isWrong)}
      aria-describedby={describedBy(isWrong, null)}
    />
    {showButton(frame)}
  </>
)

const codeField = (frame: PageFrame, isWrong: boolean) => (
  <>
    <label for="code">{say(frame, 'page.code')}</label>
    <input
      id="code"
      name="code"
      autocomplete="one-time-code"
      autocapitalize="characters"
      spellcheck={false}
      aria-invalid={invalid(isWrong)}
      aria-describedby={describedBy(isWrong, null)}
    />
  </>
)

export function verifyEmailPage(verification: Verification, { frame, token }: Asked): Page {
  const email = strong(verification.email)
  if (verification.outcome === 'already')
    return statementPage(frame, 'already_verified', { email }, wayToSignIn(frame, verification.search))
  const what = verification.purpose === 'email_change' ? 'changed' : 'made'
  return linkPage({
    frame,
    title: 'page.verify_email.title',
    path: '/verify-email',
    token,
    text: (
      <>
        {paragraph(frame, `page.verify_email.${what}`, { email })}
        {paragraph(frame, 'page.verify_email.question', { day: frame.texts.day(verification.madeAt) })}
        {paragraph(frame, `page.verify_email.${what}_yes`)}
        {paragraph(frame, `page.verify_email.${what}_no`)}
      </>
    ),
    buttons: (
      <>
        <button type="submit" name="answer" value="yes">
          {say(frame, 'page.verify_email.yes')}
        </button>
        <button class="second" type="submit" name="answer" value="no">
          {say(frame, 'page.verify_email.no')}
        </button>
      </>
    ),
  })
}

export function emailVerifiedPage(frame: PageFrame, { outcome, email, redirectUrl, search }: VerifiedEmail): Page {
  const name = outcome === 'already' ? 'already_verified' : 'email_verified'
  if (redirectUrl === null) return statementPage(frame, name, { email: strong(email) }, wayToSignIn(frame, search))
  return {
    ...statementPage(frame, name, { email: strong(email) }, wayToApplication(frame, redirectUrl)),
    refreshTo: redirectUrl,
  }
}

export const changeRefusedPage = (
  frame: PageFrame,
  { email }: Extract<Disowned, { outcome: 'change_refused' }>,
): Page => statementPage(frame, 'change_refused', { email: strong(email) })

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
    fields: (
      <>
        {accountField(frame, email)}
        {newPasswordField(frame, minLength, problem?.field === 'password')}
      </>
    ),
    submit: 'page.reset_password.submit',
  }),
  scripts: [SHOW_PASSWORD],
})

export const resetPasswordPage = (asked: NewPassword): Page =>
  newPasswordPage(asked, { title: 'page.reset_password.title' })

/** The holder of an address has taken its account over. */
export const takenOverPage = (asked: NewPassword): Page =>
  newPasswordPage(asked, { title: 'page.taken_over.title', text: paragraph(asked.frame, 'page.taken_over.text') })

export const passwordSetPage = (frame: PageFrame, search: string): Page =>
  statementPage(frame, 'password_set', {}, wayToSignIn(frame, search))
export const accountRestoredPage = (frame: PageFrame): Page => statementPage(frame, 'account_restored')
export const signedOutPage = (frame: PageFrame): Page => statementPage(frame, 'signed_out')
export const unlockedPage = (frame: PageFrame): Page => statementPage(frame, 'unlocked')

/** A link that may need a further proof; `methods` are the possible ones, and `email` whose password would be one. */
interface AskedProof extends Asked {
  readonly email?: string
  readonly methods: readonly string[]
}

/** Passkeys are not offered: they need more script than our pages have. */
function proofPage(
  { frame, token, problem, email = '', methods }: AskedProof,
  page: Pick<LinkPage, 'title' | 'path'> & { readonly text: Child; readonly submit: MessageKey },
): Page {
  const hasPassword = methods.includes('password')
  const fields = (
    <>
      {hasPassword && accountField(frame, email)}
      {hasPassword && passwordField(frame, problem?.field === 'password')}
      {methods.includes('totp') && codeField(frame, problem?.field === 'code')}
    </>
  )
  if (methods.length > 0 && methods.every((method) => method === 'passkey'))
    return {
      frame,
      title: titleOf(frame, page.title),
      body: (
        <>
          {page.text}
          {paragraph(frame, 'page.passkey_needed', { app: frame.app })}
          {wayOn(frame)}
        </>
      ),
    }
  return { ...linkPage({ ...page, frame, token, problem, fields }), scripts: hasPassword ? [SHOW_PASSWORD] : [] }
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
    text: (
      <>
        {paragraph(asked.frame, 'page.restore_account.text')}
        {asked.methods.length > 1 && paragraph(asked.frame, 'page.restore_account.one_of')}
      </>
    ),
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

export const magicLinkCodePage = (
  frame: PageFrame,
  { code, lifetimeMs }: { code: string; lifetimeMs: number },
): Page => ({
  frame,
  title: titleOf(frame, 'page.code_shown.title'),
  body: (
    <>
      {paragraph(frame, 'page.code_shown.text', { lifetime: frame.texts.duration(lifetimeMs) })}
      <code>{code}</code>
      {paragraph(frame, 'page.code_shown.warning', { app: frame.app })}
    </>
  ),
})

/** Sends the person on to an application. */
export const goingOnPage = (frame: PageFrame, url: string): Page => ({
  frame,
  title: titleOf(frame, 'page.going_on.title'),
  refreshTo: url,
  body: (
    <>
      {paragraph(frame, 'page.going_on.text', { host: new URL(url).host })}
      {wayToApplication(frame, url)}
    </>
  ),
})

export const linkRenewedPage = (frame: PageFrame): Page => ({
  frame,
  title: titleOf(frame, 'page.link_renewed.title'),
  body: paragraph(frame, 'page.link_renewed.text'),
})
