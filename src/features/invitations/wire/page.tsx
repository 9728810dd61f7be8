import { SHOW_PASSWORD } from '../../../http/assets/assets.ts'
import type { Page } from '../../../http/page.ts'
import { toRank } from '../../../lib/roles.ts'
import type { PageFrame } from '../../localization/service/texts.ts'
import {
  type Asked,
  accountField,
  brokenLinkPage,
  linkPage,
  newPasswordField,
  paragraph,
  say,
  strong,
  titleOf,
  wayOn,
  wayTo,
} from '../../sign-in/wire/pages.tsx'
import type { Inspected } from '../service/acceptance.ts'
import { inviterIn, organizationIn } from '../service/sending.ts'

type Invitation = NonNullable<Inspected['invitation']>

const organizationOf = ({ organizationName: name, organizationSlug: slug }: Invitation): string =>
  organizationIn({ name, slug })

const inviterOf = (invitation: Invitation): string =>
  inviterIn({
    email: invitation.authorEmail ?? '',
    displayName: invitation.authorDisplayName,
    firstName: invitation.authorFirstName,
    lastName: invitation.authorLastName,
  })

const invitationText = (frame: PageFrame, invitation: Invitation) => (
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

/** The application finds the invitation by its id, which is no secret. */
function wayToSignIn(frame: PageFrame, { id }: Invitation) {
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

interface Offering extends Asked {
  readonly path: string
  /** The setting's. */
  readonly minLength: number
}

export function invitationPage(asked: Offering, invitation: Invitation, offer: 'account' | 'sign_in' | 'closed'): Page {
  const { frame, token, problem, path, minLength } = asked
  const text = invitationText(frame, invitation)
  if (offer !== 'account')
    return {
      frame,
      title: titleOf(frame, 'page.invitation.title'),
      body: (
        <>
          {text}
          {paragraph(frame, `page.invitation.${offer}`, { app: frame.app, email: strong(invitation.email) })}
          {offer === 'sign_in' && wayToSignIn(frame, invitation)}
        </>
      ),
    }
  return {
    ...linkPage({
      frame,
      token,
      path,
      problem,
      title: 'page.invitation.title',
      text: (
        <>
          {text}
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
    }),
    scripts: [SHOW_PASSWORD],
  }
}

export const joinedPage = (frame: PageFrame, invitation: Invitation): Page => ({
  frame,
  title: titleOf(frame, 'page.invitation.joined.title'),
  body: (
    <>
      {paragraph(frame, 'page.invitation.joined.text', {
        email: strong(invitation.email),
        organization: organizationOf(invitation),
      })}
      {wayOn(frame)}
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
