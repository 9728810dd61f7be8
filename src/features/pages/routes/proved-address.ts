import * as z from 'zod'
import { answerPage, requireOwnForm } from '../../../http/page.ts'
import { forbidden, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { browserSecretOf } from '../../federation/service/flow.ts'
import { mailProof } from '../../federation/service/pending-email.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { createPageRoutes, pageSpec } from '../../sign-in/wire/page-routes.ts'
import { MAX_CODE_LENGTH } from '../../sign-in/wire/session.ts'
import { EmailField } from '../../users/wire.ts'
import { requireDestination } from '../service/destination.ts'
import { endWithProvider } from '../service/providers.ts'
import { goOn, inBrowser, orForm, seeOther } from '../wire/browser.ts'
import { DestinationQuery, searchFor, searchOf } from '../wire/destination.ts'
import { addressCodePage, addressPage, ssoPage } from '../wire/sign-in.tsx'

/** Where a provider has proved no address: a mail does. */
export const provedAddressPages = createPageRoutes()

const PendingToken = z.string().min(1).max(512)

const page = {
  ...pageSpec,
  query: DestinationQuery,
  errors: [forbidden, redirectNotAllowed, rateLimited, serviceUnavailable],
} as const
const form = { ...page, encoding: 'form' } as const

provedAddressPages.get(
  '/sign-in/address',
  {
    ...page,
    id: 'askProvedAddress',
    summary: 'Asks for an address, or for the code of the mail to it',
    query: DestinationQuery.extend({ pending_token: PendingToken, sent: z.literal('yes').optional() }),
  },
  async ({ ctx, query }) => {
    requireDestination(ctx, query)
    const input = { frame: await frameOf(ctx, null), search: searchOf(query), pendingToken: query.pending_token }
    return answerPage(query.sent ? addressCodePage(input) : addressPage(input))
  },
)

provedAddressPages.post(
  '/sign-in/address',
  {
    ...form,
    id: 'sendAddressProof',
    summary: 'Mails a link to the address; the answer is the same for every address',
    body: z.object({ pending_token: PendingToken, email: z.string().trim().max(254) }),
  },
  async ({ ctx, query, body: { pending_token: pendingToken, email: login }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    const shown = async (problem: string) => {
      const input = { frame: await frameOf(ctx, null), search: searchOf(query), problem }
      return problem === 'SSO_REQUIRED' ? ssoPage({ ...input, login }) : addressPage({ ...input, pendingToken, login })
    }
    const email = EmailField.safeParse(login)
    if (!email.success) return answerPage({ ...(await shown('VALIDATION_ERROR')), status: 400 })
    return orForm(async () => {
      await mailProof(ctx, { pendingToken, email: email.data })
      return seeOther(`/sign-in/address${searchFor(query, { pending_token: pendingToken, sent: 'yes' })}`)
    }, shown)
  },
)

provedAddressPages.post(
  '/sign-in/address/code',
  {
    ...form,
    id: 'confirmAddressCode',
    summary: "Ends the sign-in with the code of the mail's page, in the browser that began it",
    body: z.object({ pending_token: PendingToken, code: z.string().trim().max(MAX_CODE_LENGTH) }),
  },
  async ({ ctx, query, body: { pending_token: pendingToken, code }, request }) => {
    requireOwnForm(ctx, request)
    requireDestination(ctx, query)
    return orForm(
      async () => {
        const ended = { code, pendingToken, browserSecret: browserSecretOf(request) }
        const result = await endWithProvider(await inBrowser(ctx, request, null), ended)
        return goOn(ctx, result, { given: query, isRemembered: false })
      },
      async (refusal) => {
        const problem = refusal === 'OAUTH_CODE_INVALID' ? 'INVALID_CODE' : refusal
        return addressCodePage({ frame: await frameOf(ctx, null), search: searchOf(query), pendingToken, problem })
      },
    )
  },
)
