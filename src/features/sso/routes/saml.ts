import type { Ctx } from '../../../context.ts'
import { reply, response } from '../../../http/answers.ts'
import { anyone, recognized } from '../../../http/guard.ts'
import { answerPage, prefersJson } from '../../../http/page.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { organizationNotFound, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { accountRefused, stateInvalid } from '../../federation/errors.ts'
import {
  callbackAnswers,
  callerOf,
  endingReply,
  orPage,
  programToWire,
  redirectTo,
  requireGet,
  sendBrowser,
} from '../../federation/wire/browsers.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { limitReached } from '../../memberships/service.ts'
import { OrganizationPath } from '../../organizations/wire.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { signInErrors } from '../../sign-in/service/sign-in.ts'
import { signedOutPage } from '../../sign-in/wire/pages.tsx'
import { configurationNotFound, ssoAnswerInvalid, ssoAuthenticationError, ssoLogoutInvalid } from '../errors.ts'
import { endSamlLogout } from '../service/logout.ts'
import { samlLogout, samlSignIn, writeOwnMetadata } from '../service/saml.ts'
import type { LogoutMessage } from '../service/saml-logout.ts'
import { startSso } from '../service/sign-in.ts'
import { AcsBody, SamlLogoutBody, SamlLogoutQuery } from '../wire/saml.ts'

export const samlRoutes = createRoutes({ prefix: '/api/v1/sso', tag: 'sso', guard: anyone, invalidIs: 400 })

/** A message has 128 KiB decoded at most. */
const MAX_FORM_BYTES = 300 * 1024

samlRoutes.get(
  '/metadata/:organization_id',
  {
    id: 'getSamlMetadata',
    summary: 'Our metadata in SAML for one organization; their address is our entity',
    description: 'A key stands in them 14 days before it signs.',
    params: OrganizationPath,
    answer: response(200, 'The metadata', { contentType: 'application/xml' }),
    errors: [organizationNotFound, serviceUnavailable],
  },
  async ({ ctx, params }) =>
    new Response(await writeOwnMetadata(ctx, params.organization_id), {
      headers: { 'Content-Type': 'application/xml', 'Cache-Control': 'public, max-age=300' },
    }),
)

samlRoutes.post(
  '/saml/acs',
  {
    id: 'acceptSamlAnswer',
    summary: "Where an organization's identity provider has the browser post its answer (SAML Bindings 3.5)",
    description: 'An answer to no request signs nobody in: where the organization wants that, it begins a sign-in.',
    guard: recognized,
    anySite: true,
    body: AcsBody,
    encoding: 'form',
    maxBodyBytes: MAX_FORM_BYTES,
    answer: callbackAnswers,
    errors: [
      stateInvalid,
      ssoAnswerInvalid,
      ssoAuthenticationError,
      configurationNotFound,
      accountRefused,
      redirectNotAllowed,
      limitReached,
      rateLimited,
      ...signInErrors,
    ],
  },
  ({ ctx, body, request }) =>
    orPage(ctx, request, async () => {
      const { browserSecret, isProgram } = callerOf(request, prefersJson(request))
      const input = { samlResponse: body.SAMLResponse, relayState: body.RelayState ?? null, browserSecret, isProgram }
      const taken = await (await samlSignIn.load()).takeSamlAnswer(ctx, input)
      if ('ending' in taken) return endingReply(ctx, request, taken.ending, programToWire)
      return sendBrowser(request, (secret) => beginAt(ctx, taken.organizationId, secret))
    }),
)

/** A sign-in that the provider's tile began. */
const beginAt = (ctx: Ctx, organization: string, browserSecret: string) =>
  startSso(ctx, {
    chosen: { organization },
    returnTo: null,
    clientState: null,
    codeChallenge: null,
    prompt: null,
    loginHint: null,
    browserSecret,
  })

async function signOut(ctx: Ctx, isRequest: boolean, message: LogoutMessage) {
  const answered = isRequest
    ? await (await samlLogout.load()).takeLogoutRequest(ctx, message)
    : await endSamlLogout(ctx, message)
  return answered === null
    ? reply(200, answerPage(signedOutPage(await frameOf(ctx, null))))
    : redirectTo(new URL(answered))
}

const logout = {
  answer: [
    response(200, 'A page that says so, where there is no address to go to', { contentType: 'text/html' }),
    response(302, 'Back to the provider with our answer, or to `return_url`'),
  ],
  errors: [ssoLogoutInvalid, stateInvalid, redirectNotAllowed, rateLimited, serviceUnavailable],
} as const

samlRoutes.get(
  '/saml/slo',
  {
    id: 'followSamlLogout',
    summary: "An organization's provider signs people out, or answers our request to (SAML Profiles 4.4)",
    description: 'The signature over the query is the authority; every isolate refuses the sessions within 5 seconds.',
    query: SamlLogoutQuery,
    ...logout,
  },
  ({ ctx, query, request }) =>
    orPage(ctx, request, () => {
      requireGet(request)
      return signOut(ctx, query.SAMLRequest !== undefined, { query: new URL(request.url).search })
    }),
)

samlRoutes.post(
  '/saml/slo',
  {
    id: 'acceptSamlLogout',
    summary: 'The same with a form: the message is signed inside',
    isWrite: everyCall,
    anySite: true,
    body: SamlLogoutBody,
    encoding: 'form',
    maxBodyBytes: MAX_FORM_BYTES,
    ...logout,
  },
  ({ ctx, body, request }) =>
    orPage(ctx, request, () => {
      const { SAMLRequest, SAMLResponse = '', RelayState: relayState = null } = body
      const form = { value: SAMLRequest ?? SAMLResponse, relayState }
      return signOut(ctx, SAMLRequest !== undefined, { form })
    }),
)
