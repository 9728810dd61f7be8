import { SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import type { Page } from '../../../http/page.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { MAX_PASSWORD_LENGTH } from '../../../lib/password-hash/length.ts'
import type { PageFrame } from '../../localization/service/texts.ts'
import { goingOnPage, say, titleOf } from '../../sign-in/wire/pages.tsx'
import { alertOf, ButtonLink, Field, type Problem, whoIs } from './parts.tsx'

type Search = (more?: Readonly<Record<string, string>>) => string

/** The settings' addresses. */
interface Papers {
  readonly terms: string | null
  readonly privacy: string | null
}

function PapersNote({ frame, terms, privacy }: Papers & { readonly frame: PageFrame }) {
  const values = {
    terms: terms !== null && <a href={terms}>{say(frame, 'page.sign_up.terms_name')}</a>,
    privacy: privacy !== null && <a href={privacy}>{say(frame, 'page.sign_up.privacy_name')}</a>,
  }
  if (terms !== null)
    return (
      <p class="note">
        {say(frame, privacy === null ? 'page.sign_up.terms' : 'page.sign_up.terms_and_privacy', values)}
      </p>
    )
  return privacy === null ? null : <p class="note">{say(frame, 'page.sign_up.privacy', values)}</p>
}

export const signUpPage = ({
  frame,
  search,
  minLength,
  papers,
  inviting,
  email = inviting?.email ?? '',
  name = '',
  problem = null,
  cause,
}: {
  readonly frame: PageFrame
  readonly search: Search
  readonly minLength: number
  readonly papers: Papers
  /** The invitation on whose way the account is made. */
  readonly inviting: { readonly organization: string; readonly email: string } | null
  readonly email?: string
  readonly name?: string
  readonly problem?: Problem
  readonly cause?: DomainError | undefined
}): Page => ({
  frame,
  title: titleOf(frame, 'page.sign_up.title'),
  scripts: [SHOW_PASSWORD],
  body: (
    <>
      {inviting !== null && (
        <p class="lead">{say(frame, 'page.sign_up.invited', { organization: inviting.organization })}</p>
      )}
      {alertOf(frame, problem, cause)}
      <form method="post" action={`/sign-up${search()}`}>
        <Field
          frame={frame}
          name="email"
          label="page.sign_up.email"
          type="email"
          autocomplete="username"
          value={email}
          isWrong={problem === 'CONFLICT'}
          isFocused={problem === null}
        />
        <Field
          frame={frame}
          name="name"
          label="page.sign_up.name"
          autocomplete="name"
          value={name}
          isOptional
          max={100}
        />
        <Field
          frame={frame}
          name="password"
          label="page.sign_up.password"
          type="password"
          autocomplete="new-password"
          min={minLength}
          max={MAX_PASSWORD_LENGTH}
          isWrong={problem === 'WEAK_PASSWORD'}
          hint={say(frame, 'page.sign_up.rule', { min: minLength })}
        />
        <PapersNote frame={frame} terms={papers.terms} privacy={papers.privacy} />
        <button type="submit">{say(frame, 'page.sign_up.submit')}</button>
      </form>
      <p class="aside">
        {say(frame, 'page.sign_up.have_account', {
          link: <a href={`/sign-in${search()}`}>{say(frame, 'page.sign_in.title')}</a>,
        })}
      </p>
    </>
  ),
})

export const forgotPage = (frame: PageFrame, search: Search, { email = '', problem = null as Problem } = {}): Page => ({
  frame,
  title: titleOf(frame, 'page.forgot.title'),
  body: (
    <>
      <p>{say(frame, 'page.forgot.text')}</p>
      {alertOf(frame, problem)}
      <form method="post" action={`/forgot-password${search()}`}>
        <Field
          frame={frame}
          name="email"
          label="page.forgot.email"
          type="email"
          autocomplete="username"
          value={email}
          isWrong={problem !== null}
          isFocused={problem === null}
        />
        <button type="submit">{say(frame, 'page.forgot.submit')}</button>
      </form>
      <p class="beside">
        <a href={`/sign-in${search()}`}>{say(frame, 'page.sent.back')}</a>
      </p>
    </>
  ),
})

export const signOutPage = (frame: PageFrame, search: Search, who: { readonly email: string }): Page => ({
  frame,
  title: titleOf(frame, 'page.sign_out.title'),
  body: (
    <>
      <p>{say(frame, 'page.sign_out.text', { who: whoIs(who) })}</p>
      <form method="post" action={`/sign-out${search()}`}>
        <button type="submit">{say(frame, 'page.sign_out.submit')}</button>
      </form>
    </>
  ),
})

export const signedOutPage = (frame: PageFrame, back: URL | null): Page => ({
  frame,
  title: titleOf(frame, 'page.sign_out.done_title'),
  body: (
    <>
      <p>{say(frame, 'page.sign_out.done')}</p>
      {back !== null && <ButtonLink href={back.href}>{say(frame, 'page.sign_out.back')}</ButtonLink>}
      <p class="beside">
        <a href={`/sign-in${frame.query}`}>{say(frame, 'page.sign_out.sign_in')}</a>
      </p>
    </>
  ),
})

/** Signed out here, and not yet where the organization signs people in. */
export const signedOutGoingOnPage = (frame: PageFrame, url: string): Page => ({
  ...goingOnPage(frame, url),
  title: titleOf(frame, 'page.sign_out.done_title'),
})
