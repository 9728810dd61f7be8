import type { Child } from 'hono/jsx'
import { type Asset, ONCE } from '../../../../http/assets/assets.ts'
import type { Page } from '../../../../http/page.ts'
import type { MessageKey, PageFrame } from '../../../localization/service/texts.ts'
import { say, titleOf } from '../../../sign-in/wire/pages.tsx'
import { alertOf } from '../parts.tsx'
import { at, pathOf, SECTIONS, type Section } from './visit.ts'

/** What a form did, or what has to be done first, as the next page says it. */
export const DONE = [
  'again',
  'saved',
  'mailed',
  'password',
  'authenticator',
  'removed',
  'added',
  'ended',
  'linked',
  'left',
  'invited',
  'two_factors',
] as const
export type Done = (typeof DONE)[number]

/** How a page of the account opens. */
export interface Opening {
  readonly done?: Done | undefined
  /** The data export that is ready. */
  readonly export?: string | undefined
  /** Of a form that was refused: its name, the code of the refusal, and what was typed but passwords. */
  readonly refused?: { readonly form: string; readonly code: string; readonly typed: Readonly<Record<string, string>> }
}

interface AccountPage {
  readonly frame: PageFrame
  readonly section: Section
  readonly opening?: Opening
  readonly title?: string
  readonly scripts?: readonly Asset[]
  readonly children: Child
}

const Navigation = ({ frame, section }: Pick<AccountPage, 'frame' | 'section'>) => (
  <nav class="sections" aria-label={titleOf(frame, 'page.account.title')}>
    <ul>
      {SECTIONS.map((name) => (
        <li>
          <a href={at(frame, pathOf(name))} aria-current={name === section ? 'page' : undefined}>
            {say(frame, `page.account.${name}`)}
          </a>
        </li>
      ))}
      <li>
        <a href={at(frame, '/sign-out')}>{say(frame, 'page.welcome.sign_out')}</a>
      </li>
    </ul>
  </nav>
)

/** A page of the account: where else one can go, what the last form did, and the page's own parts. */
export function accountPage({ frame, section, opening = {}, title, scripts = [], children }: AccountPage): Page {
  const { done, refused } = opening
  return {
    frame,
    title: title ?? titleOf(frame, `page.account.${section}`),
    isWide: true,
    scripts: [ONCE, ...scripts],
    body: (
      <>
        <Navigation frame={frame} section={section} />
        {done !== undefined && (
          <p class="notice" role="status" tabindex={-1} autofocus>
            {say(frame, `page.account.done.${done}`)}
          </p>
        )}
        {alertOf(frame, refused?.code === 'CONFLICT' ? 'TAKEN' : (refused?.code ?? null))}
        {children}
      </>
    ),
  }
}

interface PartProps {
  readonly frame: PageFrame
  readonly id: string
  readonly heading: MessageKey
  readonly text?: MessageKey | undefined
  readonly children?: Child
}

/** A part of a page under a heading of its own. */
export const Part = ({ frame, id, heading, text, children }: PartProps) => (
  <section class="part" aria-labelledby={id}>
    <div>
      <h2 id={id}>{say(frame, heading)}</h2>
      {text !== undefined && <p class="note">{say(frame, text)}</p>}
    </div>
    <div>{children}</div>
  </section>
)

interface FormProps {
  readonly frame: PageFrame
  /** The last part of its address. */
  readonly name: string
  /** Sent along. */
  readonly hidden?: Readonly<Record<string, string>>
  readonly submit: MessageKey
  /** The id of what the button is about, where several buttons have the same words. */
  readonly about?: string | undefined
  /** Less than the main thing of its part. */
  readonly isSecond?: boolean
  readonly children?: Child
}

export const Form = ({ frame, name, hidden = {}, submit, about, isSecond = false, children }: FormProps) => (
  <form method="post" action={at(frame, `/account/${name}`)}>
    {Object.entries(hidden).map(([field, value]) => (
      <input type="hidden" name={field} value={value} />
    ))}
    {children}
    <button type="submit" class={isSecond ? 'second' : undefined} aria-describedby={about}>
      {say(frame, submit)}
    </button>
  </form>
)

interface ChoiceProps {
  readonly frame: PageFrame
  readonly id: string
  readonly name: string
  readonly label: MessageKey
  readonly value: string
  readonly options: readonly { readonly value: string; readonly text: Child; readonly lang?: string }[]
}

export const Choice = ({ frame, id, name, label, value, options }: ChoiceProps) => (
  <div class="field">
    <label for={id}>{say(frame, label)}</label>
    <select id={id} name={name}>
      {options.map((option) => (
        <option value={option.value} selected={option.value === value} lang={option.lang}>
          {option.text}
        </option>
      ))}
    </select>
  </div>
)

/** Things that one has, each with what can be done about it. */
export const Things = ({ children }: { readonly children: Child }) => <ul class="things">{children}</ul>

interface ThingProps {
  /** Buttons name it in their description. */
  readonly id: string
  readonly name: Child
  readonly facts?: readonly Child[]
  readonly children?: Child
}

export const Thing = ({ id, name, facts = [], children }: ThingProps) => (
  <li>
    <div>
      <strong id={id}>{name}</strong>
      {facts
        .filter((fact) => fact !== null && fact !== false)
        .map((fact) => (
          <span class="fact">{fact}</span>
        ))}
    </div>
    {children !== undefined && <div class="acts">{children}</div>}
  </li>
)
