import * as z from 'zod'
import { type Ctx, narrow } from '../../../context.ts'
import type { Section as DataSection } from '../../../db/user-data.ts'
import { FileBody } from '../../../http/input.ts'
import { forbidden, notFound, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { MAX_AVATAR_BYTES } from '../../account/service/avatars.ts'
import { AVATAR_ENCODING } from '../../account/wire/users.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { startDownload } from '../../privacy/service/exports.ts'
import { answerDownload } from '../../privacy/wire/exports.ts'
import { browserActorOf } from '../../sessions/service/browsers.ts'
import { createPageRoutes, pageSpec } from '../../sign-in/wire/page-routes.ts'
import { MAX_CODE_LENGTH, PasswordField } from '../../sign-in/wire/session.ts'
import { DONE } from '../wire/account/parts.tsx'
import { at, SECTIONS, visitAccount, withNextCookies } from '../wire/account/visit.ts'
import { findBrowserSession, findReader, seeOther } from '../wire/browser.ts'
import { AssertionText } from '../wire/credential.ts'

const account = late(() => import('../wire/account/account.ts'))

const page = {
  ...pageSpec,
  countsBy: findReader,
  errors: [forbidden, notFound, rateLimited, serviceUnavailable],
} as const
const form = { ...page, encoding: 'form' } as const

const Opened = z.object({
  done: z.enum(DONE).optional().catch(undefined),
  export: z.uuid().optional().catch(undefined),
})
const Back = z.object({
  back: z.string().max(100).catch('/account').default('/account'),
  again: z.literal('yes').optional().catch(undefined),
})

/** As `withNextCookies`, for a mailed link that was followed in the browser of the session that its change keeps. */
export async function keepBrowser(ctx: Ctx, request: Request, work: () => Promise<Response>): Promise<Response> {
  const browser = await findBrowserSession(ctx, request)
  const answer = await work()
  if (!browser) return answer
  const actor = browserActorOf(ctx, browser)
  return withNextCookies({ ctx: narrow(ctx, { actor }), browser, frame: await frameOf(ctx, null), request }, answer)
}

/** `sections`: what a copy of one's data consists of. Passed in, because all features hold data. */
export function createAccountPages(sections: readonly DataSection[]) {
  const routes = createPageRoutes()

  routes.get(
    '/account',
    { ...page, id: 'showAccount', summary: "The caller's profile, address and language", query: Opened },
    async ({ ctx, request, query }) => (await account.load()).showSection(ctx, request, 'profile', query),
  )

  routes.get(
    '/account/confirm',
    { ...page, id: 'askAccountFactor', summary: 'Asks for a fresh factor', query: Back },
    async ({ ctx, request, query }) => (await account.load()).askConfirmation(ctx, request, query),
  )

  routes.post(
    '/account/confirm',
    {
      ...form,
      id: 'confirmAccountFactor',
      summary: "Adds a fresh factor to the browser's session, and goes back",
      query: Back,
      body: z.object({
        password: PasswordField.optional(),
        code: z.string().trim().max(MAX_CODE_LENGTH).optional(),
        credential: AssertionText.optional(),
      }),
    },
    async ({ ctx, request, query, body }) => (await account.load()).confirm(ctx, request, query, body),
  )

  routes.get(
    '/account/linked',
    {
      ...page,
      id: 'followLinkBack',
      summary: 'Ends a link with a provider, in the browser that began it',
      query: z.object({ code: z.string().max(512).optional(), error: z.string().max(64).optional() }),
    },
    async ({ ctx, request, query }) => (await account.load()).endLink(ctx, request, query.code, query.error),
  )

  routes.post(
    '/account/picture',
    {
      ...page,
      id: 'sendAccountPicture',
      summary: "Sets the caller's picture",
      body: FileBody,
      encoding: AVATAR_ENCODING,
      maxBodyBytes: MAX_AVATAR_BYTES,
    },
    async ({ ctx, request, body }) => (await account.load()).submitPicture(ctx, request, body.bytes),
  )

  routes.get(
    '/account/organizations/:organization_id',
    {
      ...page,
      id: 'showAccountOrganization',
      summary: 'Members and invitations of an organization of the caller',
      params: z.object({ organization_id: z.uuid() }),
      query: Opened,
    },
    async ({ ctx, request, params, query }) =>
      (await account.load()).showOrganization(ctx, request, params.organization_id, query),
  )

  routes.get(
    '/account/data/:id',
    {
      ...page,
      id: 'downloadAccountData',
      summary: "A copy of the caller's data, for the browser that asked for it",
      params: z.object({ id: z.uuid() }),
    },
    ({ ctx, request, params: { id } }) =>
      visitAccount(ctx, request, '/account/data', async (visit) => {
        // HEAD, which scanners send, reads nothing, and no event says that it did.
        if (request.method === 'HEAD') return seeOther(at(visit.frame, '/account/data'))
        return answerDownload(visit.ctx, await startDownload(visit.ctx, { id, part: null, format: 'json', sections }))
      }),
  )

  routes.get(
    '/account/:section',
    {
      ...page,
      id: 'showAccountSection',
      summary: "A part of the caller's account",
      params: z.object({ section: z.enum(SECTIONS) }),
      query: Opened,
    },
    async ({ ctx, request, params, query }) => (await account.load()).showSection(ctx, request, params.section, query),
  )

  routes.post(
    '/account/:form',
    {
      ...form,
      id: 'sendAccountForm',
      summary: "A form of the caller's account",
      params: z.object({ form: z.string().max(32) }),
      body: z.looseObject({}),
      maxBodyBytes: 192 * 1024,
    },
    async ({ ctx, request, params, body }) => (await account.load()).submitForm(ctx, request, params.form, body),
  )

  return routes
}
