import type { Child } from 'hono/jsx'
import type { DomainError } from '../../../lib/errors.ts'
import { MAX_VERIFIED_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import type { MessageKey, PageFrame } from '../../localization/service/texts.ts'
import { findWeakness, say } from '../../sign-in/wire/pages.tsx'
import { MAX_CODE_LENGTH } from '../../sign-in/wire/session.ts'

/** What the last attempt ended with: a code of the API. */
export type Problem = string | null

/** The text of a refusal: one for a form, or what the pages of mailed links and of providers say. */
export const refusalIn = (frame: PageFrame, code: string): Child =>
  say(frame, [`page.refused.${code}`, `page.error.${code}`].find(frame.texts.isKey) ?? 'page.refused.other')

/** Has the focus when the page opens, and describes the fields. `cause` says more than its code. */
export const alertOf = (frame: PageFrame, problem: Problem, cause?: DomainError) =>
  problem !== null && (
    <p class="problem" id="problem" role="alert" tabindex={-1} autofocus>
      {(cause && findWeakness(frame, cause)) ?? refusalIn(frame, problem)}
    </p>
  )

interface FieldProps {
  readonly frame: PageFrame
  readonly name: string
  /** Where several forms of a page have a field of this name. */
  readonly id?: string
  readonly label: MessageKey
  readonly type?: 'text' | 'email' | 'password'
  readonly autocomplete: string
  readonly value?: string
  readonly isWrong?: boolean
  readonly isOptional?: boolean
  readonly isFocused?: boolean
  readonly hint?: Child
  readonly class?: string
  readonly min?: number
  readonly max?: number
}

/** A field with its label, and its hint. */
export function Field(props: FieldProps) {
  const {
    frame,
    name,
    id = name,
    label,
    type = 'text',
    autocomplete,
    value,
    isWrong = false,
    isOptional = false,
    hint,
    min,
  } = props
  const described = [isWrong ? 'problem' : '', hint === undefined ? '' : `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={id}>{say(frame, label)}</label>
      <input
        id={id}
        name={name}
        type={type}
        class={props.class}
        autocomplete={autocomplete}
        autocapitalize="none"
        spellcheck={false}
        value={value}
        minlength={min}
        maxlength={props.max ?? (type === 'password' ? MAX_VERIFIED_PASSWORD_LENGTH : 254)}
        required={!isOptional}
        autofocus={props.isFocused}
        aria-invalid={isWrong ? 'true' : undefined}
        aria-describedby={described === '' ? undefined : described}
      />
      {type === 'password' && (
        <button class="show" type="button" aria-controls={id} aria-pressed="false" hidden>
          {say(frame, 'page.show_password')}
        </button>
      )}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  )
}

interface CodeFieldProps extends Pick<FieldProps, 'frame' | 'hint'> {
  readonly label?: MessageKey
  readonly isWrong: boolean
  readonly isFocused: boolean
}

/** For a code of an app, a backup code, or the code of a mail's page. */
export const CodeField = ({ frame, label = 'page.second_step.code', isWrong, isFocused, hint }: CodeFieldProps) => (
  <Field
    frame={frame}
    name="code"
    label={label}
    autocomplete="one-time-code"
    class="code"
    max={MAX_CODE_LENGTH}
    isWrong={isWrong}
    isFocused={isFocused}
    hint={hint}
  />
)

/** Filled by the script of passkeys, and hidden without it. */
export const PasskeyForm = ({
  frame,
  action,
  mfaToken,
}: {
  readonly frame: PageFrame
  readonly action: string
  readonly mfaToken?: string
}) => (
  <form class="passkey" method="post" action={action} hidden>
    {mfaToken !== undefined && <input type="hidden" name="mfa_token" value={mfaToken} />}
    <input type="hidden" name="credential" value="" />
    <input type="hidden" name="ceremony" value="" />
    <input type="hidden" name="remember" value="" />
    <p class="problem" role="alert" tabindex={-1} hidden>
      {say(frame, 'page.passkey.failed')}
    </p>
    <button class="second" type="button">
      {say(frame, 'page.sign_in.passkey')}
    </button>
  </form>
)

export const ButtonLink = ({ href, children }: { readonly href: string; readonly children: Child }) => (
  <p>
    <a class="button" href={href}>
      {children}
    </a>
  </p>
)

/** How a page calls a person: by address. */
export const whoIs = ({ email }: { readonly email: string }) => <strong>{email}</strong>
