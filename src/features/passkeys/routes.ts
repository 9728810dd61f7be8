import { confirmedUserRoute, publicRoute, userRoute } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { serviceUnavailable, tokenInvalid } from '../../lib/errors.ts'
import { addressUnanswered } from '../auth/service/current.ts'
import { freshFactorErrors } from '../auth/service/step-up.ts'
import { ceremonyInvalid, passkeyNotFound, passkeyRefused, passkeyTaken, tooManyPasskeys } from './errors.ts'
import { relatedOrigins, relyingPartyOf } from './rules/relying-party.ts'
import { beginAuthentication, mfaChallengeInvalid } from './service/authenticate.ts'
import { listPasskeys } from './service/list.ts'
import { getPasskey, removePasskey, renamePasskey } from './service/manage.ts'
import { beginRegistration, completeRegistration } from './service/register.ts'
import { passkeySignInErrors, signInWithPasskey } from './service/sign-in.ts'
import {
  Authenticated,
  AVAILABLE,
  Availability,
  authenticatedToWire,
  base64OptionsToWire,
  optionsToWire,
  PasskeyList,
  PasskeyWire,
  passkeyToWire,
  REMOVED,
  Registered,
  RegistrationOptions,
  RelatedOrigins,
  Removed,
  RequestOptions,
  registeredToWire,
  Unregenerated,
  unregeneratedToWire,
  withBase64Ids,
} from './wire/answers.ts'
import {
  AuthenticateBeginBody,
  AuthenticateCompleteBody,
  AuthenticateCompleteQuery,
  PasskeyPath,
  RegisterBeginBody,
  RegisterCompleteBody,
  RemoveBody,
  RemoveQuery,
  RenameBody,
  toAssertionInput,
  toBegin,
  toName,
  toRegistration,
  toRegistrationRequest,
  toRemoval,
} from './wire/requests.ts'

export const passkeyRoutes = createRoutes({ prefix: '', tag: 'passkeys', renderError })

const PREFIX = '/api/v1/passkeys'
const onePasskey = { 200: { description: 'The passkey', schema: PasskeyWire } }

const registerSpec = {
  summary:
    "Options for `navigator.credentials.create()`; needs a factor of the last minutes, the session's or a given one",
  guard: confirmedUserRoute,
  body: RegisterBeginBody,
  answers: { 200: { description: 'The options', schema: RegistrationOptions } },
  errors: [tooManyPasskeys, addressUnanswered, ...freshFactorErrors],
}

passkeyRoutes.post(`${PREFIX}/register/begin`, registerSpec, async ({ ctx, body }) =>
  Response.json(await beginRegistration(ctx, toRegistrationRequest(body))),
)

const BASE64_IDS = 'The options; ids of credentials are standard base64, as the client of this path decodes them'

passkeyRoutes.post(
  `${PREFIX}/register/options`,
  { ...registerSpec, answers: { 200: { description: BASE64_IDS, schema: RegistrationOptions } } },
  async ({ ctx, body }) => Response.json(withBase64Ids(await beginRegistration(ctx, toRegistrationRequest(body)))),
)

passkeyRoutes.post(
  [`${PREFIX}/register/complete`, `${PREFIX}/register/verify`],
  {
    summary: 'Add the passkey that the authenticator made',
    guard: confirmedUserRoute,
    body: RegisterCompleteBody,
    invalidIs400: true,
    answers: { 200: { description: 'Registered', schema: Registered } },
    errors: [ceremonyInvalid, passkeyRefused, passkeyTaken, tooManyPasskeys, addressUnanswered, serviceUnavailable],
  },
  async ({ ctx, body }) => Response.json(registeredToWire(await completeRegistration(ctx, toRegistration(body)))),
)

const authenticateSpec = {
  summary: 'Options for `navigator.credentials.get()`: of an account, of a pending second step, or for any passkey',
  guard: publicRoute,
  body: AuthenticateBeginBody,
  answers: { 200: { description: 'The options', schema: RequestOptions } },
  errors: [mfaChallengeInvalid, serviceUnavailable],
}

passkeyRoutes.post(`${PREFIX}/authenticate/begin`, authenticateSpec, async ({ ctx, body }) =>
  Response.json(optionsToWire(await beginAuthentication(ctx, toBegin(body)))),
)

passkeyRoutes.post(
  `${PREFIX}/authenticate/options`,
  { ...authenticateSpec, answers: { 200: { description: BASE64_IDS, schema: RequestOptions } } },
  async ({ ctx, body }) => Response.json(base64OptionsToWire(await beginAuthentication(ctx, toBegin(body)))),
)

passkeyRoutes.post(
  [`${PREFIX}/authenticate/complete`, `${PREFIX}/authenticate/verify`],
  {
    summary: 'Sign in with a passkey; two factors when the authenticator verified its user',
    guard: publicRoute,
    body: AuthenticateCompleteBody,
    query: AuthenticateCompleteQuery,
    invalidIs400: true,
    answers: { 200: { description: 'A session, or a challenge for the second factor', schema: Authenticated } },
    errors: [...passkeySignInErrors, serviceUnavailable],
  },
  async ({ ctx, body, query }) =>
    Response.json(authenticatedToWire(await signInWithPasskey(ctx, toAssertionInput(body, query)))),
)

passkeyRoutes.get(
  PREFIX,
  {
    summary: "The caller's passkeys, newest first",
    guard: userRoute,
    answers: { 200: { description: 'The passkeys', schema: PasskeyList } },
    errors: [tokenInvalid],
  },
  async ({ ctx }) => Response.json((await listPasskeys(ctx, ctx.actor.id)).map(passkeyToWire)),
)

passkeyRoutes.get(
  `${PREFIX}/availability`,
  {
    summary: 'Which passkeys the service takes',
    guard: publicRoute,
    answers: { 200: { description: 'All of them', schema: Availability } },
  },
  () => Response.json(AVAILABLE),
)

passkeyRoutes.patch(
  `${PREFIX}/:passkey_id`,
  {
    summary: "Name one of the caller's passkeys",
    isWrite: everyCall,
    guard: confirmedUserRoute,
    path: PasskeyPath,
    body: RenameBody,
    answers: onePasskey,
    errors: [passkeyNotFound, serviceUnavailable],
  },
  async ({ ctx, path, body }) =>
    Response.json(passkeyToWire(await renamePasskey(ctx, { id: path.passkey_id, name: toName(body) }))),
)

passkeyRoutes.delete(
  `${PREFIX}/:passkey_id`,
  {
    summary: "Remove one of the caller's passkeys; needs a factor of the last minutes, the session's or a given one",
    guard: confirmedUserRoute,
    path: PasskeyPath,
    body: RemoveBody,
    query: RemoveQuery,
    answers: { 200: { description: 'Removed', schema: Removed } },
    errors: [passkeyNotFound, ...freshFactorErrors],
  },
  async ({ ctx, path, body, query }) => {
    await removePasskey(ctx, toRemoval(path.passkey_id, body, query))
    return Response.json(REMOVED)
  },
)

passkeyRoutes.post(
  `${PREFIX}/:passkey_id/regenerate-secret`,
  {
    summary: "One of the caller's passkeys, unchanged: its secret never leaves its authenticator",
    guard: userRoute,
    path: PasskeyPath,
    answers: { 200: { description: 'The passkey as it is', schema: Unregenerated } },
    errors: [passkeyNotFound],
  },
  async ({ ctx, path }) => Response.json(unregeneratedToWire(await getPasskey(ctx, path.passkey_id))),
)

passkeyRoutes.get(
  '/.well-known/webauthn',
  {
    summary: 'Origins that may use the passkeys of this relying party (WebAuthn 5.11.1)',
    guard: publicRoute,
    answers: { 200: { description: 'The origins', schema: RelatedOrigins } },
  },
  ({ ctx }) => Response.json({ origins: relatedOrigins(relyingPartyOf(ctx.config)) }),
)
