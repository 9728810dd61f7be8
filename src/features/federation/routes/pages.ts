import { htmlPage } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../../lib/errors.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { linkInvalid } from '../../sign-in/errors.ts'
import { magicLinkCodePage, renderErrorPage } from '../../sign-in/wire/pages.tsx'
import { TokenBody, TokenQuery } from '../../sign-in/wire/recovery.ts'
import { confirmProof, getProof } from '../service/pending-email.ts'
import { providerEmailPage } from '../wire/pages.tsx'

/** Where the mail leads that proves an address to a sign-in by another provider. GET changes nothing, for mail scanners open links too. */
export const providerEmailPages = createRoutes({
  prefix: '',
  tag: 'pages',
  renderError: renderErrorPage,
  invalidIs: 400,
})

const shared = { guard: anyone, answer: htmlPage, hidden: true } as const

providerEmailPages.get(
  '/provider-email',
  {
    ...shared,
    id: 'askProviderEmail',
    summary: 'Shows which identity of which provider wants to sign in with the address',
    query: TokenQuery,
    errors: [linkInvalid, serviceUnavailable],
  },
  async ({ ctx, query: { token } }) =>
    providerEmailPage(await frameOf(ctx, null), { token, ...(await getProof(ctx, token)) }),
)

providerEmailPages.post(
  '/provider-email',
  {
    ...shared,
    id: 'confirmProviderEmail',
    summary: 'Shows the code for the browser that asked',
    body: TokenBody,
    encoding: 'form',
    errors: [forbidden, linkInvalid, serviceUnavailable],
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return magicLinkCodePage(await frameOf(ctx, null), await confirmProof(ctx, body.token))
  },
)
