import { SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import type { Page } from '../../../http/page.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { toRank } from '../../../lib/roles.ts'
import type { Inspected } from '../../invitations/service/acceptance.ts'
import { inviterIn, organizationIn } from '../../invitations/service/sending.ts'
import type { PageFrame } from '../../localization/service/texts.ts'
import {
  accountField,
  brokenLinkPage,
  findProblem,
  linkPage,
  newPasswordField,
  paragraph,
  say,
  strong,
  titleOf,
  wayOn,
  wayTo,
} from '../../sign-in/wire/pages.tsx'
import { INVITATION_PATH } from './invited.ts'
import { alertOf, ButtonLink, refusalIn, whoIs } from './parts.tsx'

export type FoundInvitation = NonNullable<Inspected['invitation']>

const organizationOf = ({ organizationName: name, organizationSlug: slug }: FoundInvitation): string =>
  organizationIn({ name, slug })

const inviterOf = (invitation: FoundInvitation): string =>
  inviterIn({
    email: invitation.authorEmail ?? '',
    displayName: invitation.authorDisplayName,
    firstName: invitation.authorFirstName,
    lastName: invitation.authorLastName,
  })

const invitationText = (frame: PageFrame, invitation: FoundInvitation) => (
  <>
    {paragraph(frame, 'page.invitation.text', {
      app: frame.app,
      inviter: inviterOf(invitation),
      organization: organizationOf(invitation),
      role: say(frame, `role.${toRank(invitation.role)}`),
    })}
    {invitation.message !== null && paragraph(frame, 'page.invitation.message', { message: invitation.message })}
  </>
)

/** An application that accepts invitations itself finds it by its id, which is no secret. */
function wayToApplication(frame: PageFrame, { id }: FoundInvitation) {
  if (frame.appUrl === null) return null
  const url = new URL(frame.appUrl)
  url.searchParams.set('invitation', id)
  return wayTo(url.href, say(frame, 'page.continue', { app: frame.app }))
}

const nameField = (frame: PageFrame) => (
  <>
    <label for="name">{say(frame, 'page.invitation.name')}</label>
    <input id="name" name="name" autocomplete="name" maxlength={255} />
  </>
)

interface Shown {
  readonly frame: PageFrame
  readonly invitation: FoundInvitation
  /** Undefined for the invited person who came by the id alone. */
  readonly token: string | undefined
  /** What the last attempt was refused as. */
  readonly refused: DomainError | null
  /** To sign in, and back. */
  readonly signIn: string
  /** Whom the browser has signed in. */
  readonly who: { readonly email: string } | null
  readonly offer: 'account' | 'sign_in' | 'closed' | 'accept'
  /** The setting's. */
  readonly minLength: number
}

export function invitationPage(shown: Shown): Page {
  const { frame, invitation, offer } = shown
  if (offer === 'accept') return acceptPage(shown)
  if (offer === 'account') return newAccountPage(shown)
  return {
    frame,
    title: titleOf(frame, 'page.invitation.title'),
    body: (
      <>
        {invitationText(frame, invitation)}
        {paragraph(frame, `page.invitation.${offer}`, { app: frame.app, email: strong(invitation.email) })}
        {offer === 'sign_in' && signInPart(shown)}
        {offer === 'sign_in' && wayToApplication(frame, invitation)}
      </>
    ),
  }
}

/** Who is signed in with another account is told so. */
const signInPart = ({ frame, who, signIn }: Shown) => (
  <>
    {who !== null && paragraph(frame, 'page.welcome.text', { who: whoIs(who) })}
    <ButtonLink href={signIn}>{say(frame, who === null ? 'page.sign_in.title' : 'page.welcome.another')}</ButtonLink>
  </>
)

/** The invited person is signed in. */
const acceptPage = ({ frame, invitation, token, refused }: Shown): Page => ({
  frame,
  title: titleOf(frame, 'page.invitation.title'),
  body: (
    <>
      {alertOf(frame, refused?.code ?? null)}
      {invitationText(frame, invitation)}
      {paragraph(frame, 'page.welcome.text', { who: whoIs(invitation) })}
      <form method="post" action={`${INVITATION_PATH}${frame.query}`}>
        {token === undefined ? (
          <input type="hidden" name="invitation" value={invitation.id} />
        ) : (
          <input type="hidden" name="token" value={token} />
        )}
        <button type="submit">{say(frame, 'page.invitation.accept')}</button>
      </form>
    </>
  ),
})

function newAccountPage({ frame, invitation, token = '', refused, minLength, signIn }: Shown): Page {
  const problem = refused && (findProblem(frame, refused) ?? { text: refusalIn(frame, refused.code), field: null })
  const form = linkPage({
    frame,
    token,
    path: INVITATION_PATH,
    problem,
    title: 'page.invitation.title',
    text: (
      <>
        {invitationText(frame, invitation)}
        {paragraph(frame, 'page.invitation.account')}
      </>
    ),
    fields: (
      <>
        {accountField(frame, invitation.email)}
        {nameField(frame)}
        {newPasswordField(frame, minLength, problem?.field === 'password')}
      </>
    ),
    submit: 'page.invitation.submit',
  })
  // Who has an account with a provider makes the one here by it.
  const other = (
    <p class="aside">
      {say(frame, 'page.sign_up.have_account', { link: <a href={signIn}>{say(frame, 'page.sign_in.title')}</a> })}
    </p>
  )
  return {
    ...form,
    body: (
      <>
        {form.body}
        {other}
      </>
    ),
    scripts: [SHOW_PASSWORD],
  }
}

export const joinedPage = (frame: PageFrame, invitation: FoundInvitation): Page => ({
  frame,
  title: titleOf(frame, 'page.invitation.joined.title'),
  body: (
    <>
      {paragraph(frame, 'page.invitation.joined.text', {
        email: strong(invitation.email),
        organization: organizationOf(invitation),
      })}
      {frame.appUrl !== null && wayOn(frame)}
      <p>
        <a class="button second" href={`/account/organizations/${invitation.organizationId}${frame.query}`}>
          {say(frame, 'page.welcome.account')}
        </a>
      </p>
    </>
  ),
})

const STATES = { accepted: 'used', expired: 'expired', superseded: 'superseded', invalid: 'unknown' } as const

export function voidInvitationPage(frame: PageFrame, { reason, invitation }: Inspected): Page {
  if (reason === 'revoked')
    return {
      frame,
      status: 400,
      title: titleOf(frame, 'page.invitation.revoked.title'),
      body: paragraph(frame, 'page.invitation.revoked.text'),
    }
  const state = STATES[reason ?? 'invalid']
  return brokenLinkPage(frame, '', { state, locale: null, expiresAt: invitation?.expiresAt ?? 0, isRenewable: false })
}
