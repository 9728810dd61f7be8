import type { Child } from 'hono/jsx'
import { PASSKEYS, SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import type { Page } from '../../../http/page.ts'
import type { MessageKey, PageFrame } from '../../localization/service/texts.ts'
import { say, titleOf } from '../../sign-in/wire/pages.tsx'
import type { Destination } from '../service/destination.ts'
import { alertOf, ButtonLink, CodeField, Field, PasskeyForm, type Problem, whoIs } from './parts.tsx'

interface Provider {
  readonly name: string
  readonly label: string
}

interface SignInPage {
  readonly frame: PageFrame
  /** The query that the next pages carry. */
  readonly search: (more?: Readonly<Record<string, string>>) => string
  readonly destination: Destination
  readonly providers: readonly Provider[]
  readonly mayLink: boolean
  readonly maySignUp: boolean
  readonly login?: string
  readonly isRemembered?: boolean
  readonly problem?: Problem
}

const hostOf = (destination: Destination): string | null => {
  if (destination.to === 'application') return destination.isApp ? null : destination.url.host
  return destination.to === 'address' && !destination.isOwn ? destination.url.host : null
}

export function signInPage(input: SignInPage): Page {
  const { frame, search, providers, mayLink, maySignUp, login, isRemembered = false, problem = null } = input
  const host = hostOf(input.destination)
  const isWrong = problem === 'INVALID_CREDENTIALS'
  return {
    frame,
    title: titleOf(frame, 'page.sign_in.title'),
    scripts: [SHOW_PASSWORD, PASSKEYS],
    body: (
      <>
        {host !== null && <p class="lead">{say(frame, 'page.sign_in.for', { host: <strong>{host}</strong> })}</p>}
        {alertOf(frame, problem)}
        <form method="post" action={`/sign-in${search()}`}>
          <Field
            frame={frame}
            name="login"
            label="page.sign_in.login"
            autocomplete="username webauthn"
            value={login ?? ''}
            isWrong={isWrong}
            isFocused={problem === null}
          />
          <Field
            frame={frame}
            name="password"
            label="page.sign_in.password"
            type="password"
            autocomplete="current-password"
            isWrong={isWrong}
          />
          <label class="check" for="remember">
            <input id="remember" name="remember" type="checkbox" value="yes" checked={isRemembered} />
            {say(frame, 'page.sign_in.remember')}
          </label>
          <button type="submit">{say(frame, 'page.sign_in.submit')}</button>
          <p class="beside">
            <a href={`/forgot-password${search()}`}>{say(frame, 'page.sign_in.forgot')}</a>
            <a href={`/sign-in/sso${search()}`}>{say(frame, 'page.sign_in.sso')}</a>
          </p>
          {mayLink && <p class="or">{say(frame, 'page.sign_in.or')}</p>}
          {mayLink && (
            <button class="second" type="submit" formaction={`/sign-in/link${search()}`} formnovalidate>
              {say(frame, 'page.sign_in.link')}
            </button>
          )}
        </form>
        <PasskeyForm frame={frame} action={`/sign-in/passkey${search()}`} />
        {providers.length > 0 && (
          <ul class="ways">
            {providers.map(({ name, label }) => (
              <li>
                <a class="button second" href={`/sign-in/with/${name}${search()}`}>
                  {say(frame, 'page.sign_in.provider', { provider: label })}
                </a>
              </li>
            ))}
          </ul>
        )}
        {maySignUp && (
          <p class="aside">
            {say(frame, 'page.sign_in.no_account', {
              link: <a href={`/sign-up${search()}`}>{say(frame, 'page.sign_in.sign_up')}</a>,
            })}
          </p>
        )}
      </>
    ),
  }
}

/** The browser is signed in already. */
export function welcomePage({
  frame,
  search,
  destination,
  who,
}: Pick<SignInPage, 'frame' | 'search' | 'destination'> & { readonly who: { readonly email: string } }): Page {
  const host = hostOf(destination)
  return {
    frame,
    title: titleOf(frame, 'page.welcome.title'),
    body: (
      <>
        {host !== null && <p class="lead">{say(frame, 'page.sign_in.for', { host: <strong>{host}</strong> })}</p>}
        <p>{say(frame, 'page.welcome.text', { who: whoIs(who) })}</p>
        {destination.to === 'nowhere' && frame.appUrl !== null && (
          <ButtonLink href={frame.appUrl}>{say(frame, 'page.welcome.app', { app: frame.app })}</ButtonLink>
        )}
        {destination.to !== 'nowhere' && (
          <form method="post" action={`/sign-in/continue${search()}`}>
            <button type="submit">{say(frame, 'page.welcome.submit')}</button>
          </form>
        )}
        <p>
          <a class="button second" href={`/account${frame.query}`}>
            {say(frame, 'page.welcome.account')}
          </a>
        </p>
        <p class="beside">
          <a href={`/sign-in${search({ another: 'yes' })}`}>{say(frame, 'page.welcome.another')}</a>
          <a href={`/sign-out${frame.query}`}>{say(frame, 'page.welcome.sign_out')}</a>
        </p>
      </>
    ),
  }
}

export function secondStepPage({
  frame,
  search,
  mfaToken,
  methods,
  remember,
  problem = null,
}: Pick<SignInPage, 'frame' | 'search' | 'problem'> & {
  readonly mfaToken: string
  readonly methods: readonly string[]
  readonly remember: boolean
}): Page {
  const hasCode = methods.some((method) => method !== 'passkey')
  const hasPasskey = methods.includes('passkey')
  return {
    frame,
    title: titleOf(frame, 'page.second_step.title'),
    scripts: hasPasskey ? [PASSKEYS] : [],
    body: (
      <>
        <p>{say(frame, 'page.second_step.text')}</p>
        {alertOf(frame, problem)}
        {hasCode && (
          <form method="post" action={`/sign-in/second-step${search()}`}>
            <input type="hidden" name="mfa_token" value={mfaToken} />
            <input type="hidden" name="remember" value={remember ? 'yes' : ''} />
            <input type="hidden" name="methods" value={methods.join(' ')} />
            <CodeField
              frame={frame}
              isWrong={problem === 'MFA_CODE_INVALID'}
              isFocused={problem === null}
              hint={say(frame, 'page.second_step.code_hint')}
            />
            <button type="submit">{say(frame, 'page.second_step.submit')}</button>
          </form>
        )}
        {hasPasskey && <PasskeyForm frame={frame} action={`/sign-in/second-step${search()}`} mfaToken={mfaToken} />}
        {hasPasskey && !hasCode && (
          <noscript>
            <p>{say(frame, 'page.second_step.passkey_alone')}</p>
          </noscript>
        )}
        <p class="beside">
          <a href={`/sign-in${search()}`}>{say(frame, 'page.second_step.again')}</a>
        </p>
      </>
    ),
  }
}

const BackToSignIn = ({ frame, search }: Pick<SignInPage, 'frame' | 'search'>) => (
  <p class="beside">
    <a href={`/sign-in${search()}`}>{say(frame, 'page.sent.back')}</a>
  </p>
)

interface AddressForm extends Pick<SignInPage, 'frame' | 'search' | 'login' | 'problem'> {
  readonly title: MessageKey
  readonly text: MessageKey
  readonly action: string
  readonly name: 'login' | 'email'
  readonly label: MessageKey
  readonly submit: MessageKey
  /** Sent along. */
  readonly children?: Child
}

/** A page that asks for an address alone. */
const askAddress = (form: AddressForm): Page => {
  const { frame, search, login = '', problem = null } = form
  return {
    frame,
    title: titleOf(frame, form.title),
    body: (
      <>
        <p>{say(frame, form.text)}</p>
        {alertOf(frame, problem)}
        <form method="post" action={`${form.action}${search()}`}>
          {form.children}
          <Field
            frame={frame}
            name={form.name}
            label={form.label}
            type="email"
            autocomplete="email"
            value={login}
            isWrong={problem !== null}
            isFocused={problem === null}
          />
          <button type="submit">{say(frame, form.submit)}</button>
        </form>
        <BackToSignIn frame={frame} search={search} />
      </>
    ),
  }
}

export const ssoPage = (given: Pick<SignInPage, 'frame' | 'search' | 'login' | 'problem'>): Page =>
  askAddress({
    ...given,
    title: 'page.sso.title',
    text: 'page.sso.text',
    action: '/sign-in/sso',
    name: 'login',
    label: 'page.sso.email',
    submit: 'page.sso.submit',
  })

interface AddressPage extends Pick<SignInPage, 'frame' | 'search' | 'login' | 'problem'> {
  readonly pendingToken: string
}

/** A provider has proved no address. */
export const addressPage = ({ pendingToken, ...given }: AddressPage): Page =>
  askAddress({
    ...given,
    title: 'page.address.title',
    text: 'page.address.text',
    action: '/sign-in/address',
    name: 'email',
    label: 'page.sign_up.email',
    submit: 'page.address.submit',
    children: <input type="hidden" name="pending_token" value={pendingToken} />,
  })

/** The page of the mail shows the code. */
export const addressCodePage = ({ frame, search, pendingToken, problem = null }: AddressPage): Page => ({
  frame,
  title: titleOf(frame, 'page.sent.title'),
  body: (
    <>
      <p>{say(frame, 'page.address.sent')}</p>
      {alertOf(frame, problem)}
      <form method="post" action={`/sign-in/address/code${search()}`}>
        <input type="hidden" name="pending_token" value={pendingToken} />
        <CodeField frame={frame} isWrong={problem !== null} isFocused={problem === null} />
        <button type="submit">{say(frame, 'page.second_step.submit')}</button>
      </form>
      <p class="beside">
        <a href={`/sign-in/address${search({ pending_token: pendingToken })}`}>{say(frame, 'page.address.another')}</a>
        <a href={`/sign-in${search()}`}>{say(frame, 'page.sent.back')}</a>
      </p>
    </>
  ),
})

/** Not a redirect: Chromium holds a form's whole chain of redirects to `form-action`. */
export const toProviderPage = (frame: PageFrame, url: string): Page => {
  const { host } = new URL(url)
  return {
    frame,
    title: titleOf(frame, 'page.sso.going_title'),
    refreshTo: url,
    body: (
      <>
        <p>{say(frame, 'page.sso.going', { host: <strong>{host}</strong> })}</p>
        <ButtonLink href={url}>{say(frame, 'page.sso.going_submit', { host })}</ButtonLink>
      </>
    ),
  }
}

/** A mail is on its way, or would be. */
export const sentPage = (frame: PageFrame, what: 'link' | 'reset' | 'verify', search: SignInPage['search']): Page => ({
  frame,
  title: titleOf(frame, 'page.sent.title'),
  body: (
    <>
      <p>{say(frame, `page.sent.${what}`)}</p>
      <BackToSignIn frame={frame} search={search} />
    </>
  ),
})

/** What a mailed sign-in link opens. */
export const openLinkPage = (
  frame: PageFrame,
  { token, email, isForeign }: { readonly token: string; readonly email: string; readonly isForeign: boolean },
): Page => ({
  frame,
  title: titleOf(frame, 'page.open_link.title'),
  body: (
    <>
      <p>{say(frame, 'page.open_link.text', { who: whoIs({ email }) })}</p>
      {isForeign && <p class="problem">{say(frame, 'page.open_link.foreign')}</p>}
      <form method="post" action={`/sign-in/link/open${frame.query}`}>
        <input type="hidden" name="token" value={token} />
        <button type="submit">{say(frame, 'page.open_link.submit')}</button>
      </form>
    </>
  ),
})

/** The gateway sends the browser back again and again. */
export const loopPage = (frame: PageFrame, url: URL): Page => ({
  frame,
  title: titleOf(frame, 'page.loop.title'),
  status: 409,
  body: (
    <>
      <p>{say(frame, 'page.loop.text', { host: <strong>{url.host}</strong> })}</p>
      <ButtonLink href={url.href}>{say(frame, 'page.loop.again')}</ButtonLink>
    </>
  ),
})
