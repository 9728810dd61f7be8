import { SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import type { Page } from '../../../http/page.ts'
import type { Frame } from '../../../lib/frame.ts'
import { MAX_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import { tell, textOf } from '../texts/texts.ts'
import { alertOf, ButtonLink, Field, type Problem, whoIs } from './parts.tsx'

type Search = (more?: Readonly<Record<string, string>>) => string

/** The settings' addresses. */
interface Papers {
  readonly terms: string | null
  readonly privacy: string | null
}

function PapersNote({ terms, privacy }: Papers) {
  const values = {
    terms: terms !== null && <a href={terms}>{tell('sign_up.terms_name')}</a>,
    privacy: privacy !== null && <a href={privacy}>{tell('sign_up.privacy_name')}</a>,
  }
  if (terms !== null)
    return <p class="note">{tell(privacy === null ? 'sign_up.terms' : 'sign_up.terms_and_privacy', values)}</p>
  return privacy === null ? null : <p class="note">{tell('sign_up.privacy', values)}</p>
}

export const signUpPage = ({
  frame,
  search,
  minLength,
  papers,
  email = '',
  name = '',
  problem = null,
}: {
  readonly frame: Frame
  readonly search: Search
  readonly minLength: number
  readonly papers: Papers
  readonly email?: string
  readonly name?: string
  readonly problem?: Problem
}): Page => ({
  frame,
  title: textOf('sign_up.title'),
  scripts: [SHOW_PASSWORD],
  body: (
    <>
      {alertOf(problem)}
      <form method="post" action={`/sign-up${search()}`}>
        <Field
          name="email"
          label="sign_up.email"
          type="email"
          autocomplete="username"
          value={email}
          isWrong={problem === 'CONFLICT'}
          isFocused={problem === null}
        />
        <Field name="name" label="sign_up.name" autocomplete="name" value={name} isOptional max={100} />
        <Field
          name="password"
          label="sign_up.password"
          type="password"
          autocomplete="new-password"
          min={minLength}
          max={MAX_PASSWORD_LENGTH}
          isWrong={problem === 'WEAK_PASSWORD'}
          hint={tell('sign_up.rule', { min: String(minLength) })}
        />
        <PapersNote terms={papers.terms} privacy={papers.privacy} />
        <button type="submit">{tell('sign_up.submit')}</button>
      </form>
      <p class="aside">
        {tell('sign_up.have_account', { link: <a href={`/sign-in${search()}`}>{tell('sign_in.title')}</a> })}
      </p>
    </>
  ),
})

export const forgotPage = (frame: Frame, search: Search, { email = '', problem = null as Problem } = {}): Page => ({
  frame,
  title: textOf('forgot.title'),
  body: (
    <>
      <p>{tell('forgot.text')}</p>
      {alertOf(problem)}
      <form method="post" action={`/forgot-password${search()}`}>
        <Field
          name="email"
          label="forgot.email"
          type="email"
          autocomplete="username"
          value={email}
          isWrong={problem !== null}
          isFocused={problem === null}
        />
        <button type="submit">{tell('forgot.submit')}</button>
      </form>
      <p class="beside">
        <a href={`/sign-in${search()}`}>{tell('sent.back')}</a>
      </p>
    </>
  ),
})

export const signOutPage = (frame: Frame, search: Search, who: { readonly email: string }): Page => ({
  frame,
  title: textOf('sign_out.title'),
  body: (
    <>
      <p>{tell('sign_out.text', { who: whoIs(who) })}</p>
      <form method="post" action={`/sign-out${search()}`}>
        <button type="submit">{tell('sign_out.submit')}</button>
      </form>
    </>
  ),
})

export const signedOutPage = (frame: Frame, back: URL | null): Page => ({
  frame,
  title: textOf('sign_out.done_title'),
  body: (
    <>
      <p>{tell('sign_out.done')}</p>
      {back !== null && <ButtonLink href={back.href}>{tell('sign_out.back')}</ButtonLink>}
      <p class="beside">
        <a href="/sign-in">{tell('sign_out.sign_in')}</a>
      </p>
    </>
  ),
})
