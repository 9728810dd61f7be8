import type { Page } from '../../../http/page.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import type { PageFrame } from '../../localization/service/texts.ts'
import { errorText, linkPage, paragraph, say, strong, titleOf, wayTo } from '../../sign-in/wire/pages.tsx'
import { SHOWN_LIFETIME_MS } from '../service/codes.ts'

/** The end of a sign-in that no application waits for. */
export const codePage = (frame: PageFrame, code: string): Page => ({
  frame,
  title: titleOf(frame, 'page.signed_in.title'),
  body: (
    <>
      {paragraph(frame, 'page.signed_in.text', { lifetime: frame.texts.duration(SHOWN_LIFETIME_MS) })}
      <code>{code}</code>
      {paragraph(frame, 'page.code_shown.warning', { app: frame.app })}
    </>
  ),
})

/** A tap first: any app on the device may have claimed the scheme, and an address alone must not open one. */
export function appPage(frame: PageFrame, url: URL): Page {
  const error = url.searchParams.get('error')
  return {
    frame,
    title: titleOf(frame, error === null ? 'page.signed_in.title' : 'page.error.title'),
    body: (
      <>
        {error === null ? paragraph(frame, 'page.app_return.text') : errorText(frame, error)}
        {wayTo(url.href, say(frame, 'page.app_return.submit'))}
      </>
    ),
  }
}

/** An address only where the provider has checked it: anybody could write that of whoever reads the mail. */
const nameOf = ({ email, isEmailVerified, label, subject }: ProvedIdentity): string =>
  (isEmailVerified ? email : null) ?? label ?? subject

export const providerEmailPage = (
  frame: PageFrame,
  { token, email, identity }: { token: string; email: string; identity: ProvedIdentity },
): Page => {
  const { providerLabel: provider } = identity
  const named = { identity: strong(nameOf(identity)), provider, email: strong(email) }
  return linkPage({
    frame,
    token,
    title: 'page.provider_email.title',
    path: '/provider-email',
    text: paragraph(frame, 'page.provider_email.text', named),
    submit: 'page.provider_email.submit',
  })
}
