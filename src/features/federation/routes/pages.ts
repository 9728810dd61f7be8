import { htmlPage } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { type Page, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { type Frame, html } from '../../../lib/html.ts'
import { formatDuration } from '../../localization/service.ts'
import { linkInvalid } from '../../sign-in/errors.ts'
import { magicLinkCodePage } from '../../sign-in/pages.ts'
import { orBrokenLink } from '../../sign-in/routes/pages.ts'
import { linkPage, paragraph, renderErrorPage, say, strong, titleOf } from '../../sign-in/wire/pages.ts'
import { TokenBody, TokenQuery } from '../../sign-in/wire/recovery.ts'
import { SHOWN_LIFETIME_MS } from '../service/codes.ts'
import { confirmProof, getProof } from '../service/pending-email.ts'

/** The end of a sign-in that no application waits for. */
export const codePage = (frame: Frame, code: string): Page => ({
  frame,
  title: titleOf(frame, 'page.signed_in.title'),
  body: html`${paragraph(frame, 'page.signed_in.text', { lifetime: formatDuration(frame.language, SHOWN_LIFETIME_MS) })}
      <code>${code}</code>
      ${paragraph(frame, 'page.code_shown.warning', { app: frame.app })}`,
})

/** A tap first: any app on the device may have claimed the scheme, and an address alone must not open one. */
export const appPage = (frame: Frame, url: URL): Page => ({
  frame,
  title: titleOf(frame, 'page.signed_in.title'),
  body: html`${paragraph(frame, 'page.app_return.text')}
      <p><a class="button" href="${url.href}">${say(frame, 'page.app_return.submit')}</a></p>`,
})

/** Where the mail leads that proves an address to a sign-in by another provider. */
export const providerEmailPages = createRoutes({
  prefix: '',
  tag: 'pages',
  renderError: renderErrorPage,
  invalidIs: 400,
})

const linkOf = (token: string) => ({ purposes: ['federated_email'] as const, token })

providerEmailPages.get(
  '/provider-email',
  {
    id: 'askProviderEmail',
    summary: 'Shows which identity of which provider wants to sign in with the address',
    guard: anyone,
    query: TokenQuery,
    answer: htmlPage,
    errors: [linkInvalid, serviceUnavailable],
    hidden: true,
  },
  ({ ctx, query }) =>
    orBrokenLink(ctx, linkOf(query.token), async ({ frame, token }) => {
      const { email, identity } = await getProof(ctx, token)
      const { providerLabel: provider, label, subject } = identity
      const named = { identity: strong(identity.email ?? label ?? subject), provider, email: strong(email) }
      return linkPage({
        frame,
        token,
        title: 'page.provider_email.title',
        path: '/provider-email',
        text: paragraph(frame, 'page.provider_email.text', named),
        submit: 'page.provider_email.submit',
      })
    }),
)

providerEmailPages.post(
  '/provider-email',
  {
    id: 'confirmProviderEmail',
    summary: 'Shows the code for the browser that asked',
    guard: anyone,
    body: TokenBody,
    encoding: 'form',
    answer: htmlPage,
    errors: [forbidden, linkInvalid, serviceUnavailable],
    hidden: true,
  },
  ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return orBrokenLink(ctx, linkOf(body.token), async ({ frame }) =>
      magicLinkCodePage(frame, await confirmProof(ctx, body.token)),
    )
  },
)
