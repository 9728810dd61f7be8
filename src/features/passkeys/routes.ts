import { ok } from '../../http/answers.ts'
import { confirmedUserRoute, publicRoute, userRoute } from '../../http/guard.ts'
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
  registrationOptionsToWire,
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

export const passkeyRoutes = createRoutes({ prefix: '', tag: 'passkeys' })

const PREFIX = '/api/v1/passkeys'
const onePasskey = ok(PasskeyWire, 'The passkey')

const registerSpec = {
  summary:
    "Options for `navigator.credentials.create()`; needs a factor of the last minutes, the session's or a given one",
  guard: confirmedUserRoute,
  body: RegisterBeginBody,
  answer: ok(RegistrationOptions, 'The options'),
  errors: [tooManyPasskeys, addressUnanswered, ...freshFactorErrors],
}

passkeyRoutes.post(`${PREFIX}/register/begin`, { ...registerSpec, id: 'beginRegistration' }, async ({ ctx, body }) =>
  registrationOptionsToWire(await beginRegistration(ctx, toRegistrationRequest(body))),
)

const BASE64_IDS = 'The options; ids of credentials are standard base64, as the client of this path decodes them'

passkeyRoutes.post(
  `${PREFIX}/register/options`,
  { id: 'beginRegistrationInBase64', ...registerSpec, answer: ok(RegistrationOptions, BASE64_IDS) },
  async ({ ctx, body }) => withBase64Ids(await beginRegistration(ctx, toRegistrationRequest(body))),
)

passkeyRoutes.post(
  `${PREFIX}/register/complete`,
  {
    id: 'completeRegistration',
    aliases: [{ path: `${PREFIX}/register/verify`, id: 'completeRegistrationAlias' }],
    summary: 'Add the passkey that the authenticator made',
    guard: confirmedUserRoute,
    body: RegisterCompleteBody,
    invalidIs400: true,
    answer: ok(Registered, 'Registered'),
    errors: [ceremonyInvalid, passkeyRefused, passkeyTaken, tooManyPasskeys, addressUnanswered, serviceUnavailable],
  },
  async ({ ctx, body }) => registeredToWire(await completeRegistration(ctx, toRegistration(body))),
)

const authenticateSpec = {
  summary: 'Options for `navigator.credentials.get()`: of an account, of a pending second step, or for any passkey',
  guard: publicRoute,
  body: AuthenticateBeginBody,
  answer: ok(RequestOptions, 'The options'),
  errors: [mfaChallengeInvalid, serviceUnavailable],
}

passkeyRoutes.post(
  `${PREFIX}/authenticate/begin`,
  { ...authenticateSpec, id: 'beginAuthentication' },
  async ({ ctx, body }) => optionsToWire(await beginAuthentication(ctx, toBegin(body))),
)

passkeyRoutes.post(
  `${PREFIX}/authenticate/options`,
  {
    id: 'beginAuthenticationInBase64',
    ...authenticateSpec,
    answer: ok(RequestOptions, BASE64_IDS),
  },
  async ({ ctx, body }) => base64OptionsToWire(await beginAuthentication(ctx, toBegin(body))),
)

passkeyRoutes.post(
  `${PREFIX}/authenticate/complete`,
  {
    id: 'signInWithPasskey',
    aliases: [{ path: `${PREFIX}/authenticate/verify`, id: 'signInWithPasskeyAlias' }],
    summary: 'Sign in with a passkey; two factors when the authenticator verified its user',
    guard: publicRoute,
    body: AuthenticateCompleteBody,
    query: AuthenticateCompleteQuery,
    invalidIs400: true,
    answer: ok(Authenticated, 'A session, or a challenge for the second factor'),
    errors: [...passkeySignInErrors, serviceUnavailable],
  },
  async ({ ctx, body, query }) => authenticatedToWire(await signInWithPasskey(ctx, toAssertionInput(body, query))),
)

passkeyRoutes.get(
  PREFIX,
  {
    id: 'listPasskeys',
    summary: "The caller's passkeys, newest first",
    guard: userRoute,
    answer: ok(PasskeyList, 'The passkeys'),
    errors: [tokenInvalid],
  },
  async ({ ctx }) => (await listPasskeys(ctx, ctx.actor.id)).map(passkeyToWire),
)

passkeyRoutes.get(
  `${PREFIX}/availability`,
  {
    id: 'getPasskeyAvailability',
    summary: 'Which passkeys the service takes',
    guard: publicRoute,
    answer: ok(Availability, 'All of them'),
  },
  () => AVAILABLE,
)

passkeyRoutes.patch(
  `${PREFIX}/:passkey_id`,
  {
    id: 'renamePasskey',
    summary: "Name one of the caller's passkeys",
    isWrite: everyCall,
    guard: confirmedUserRoute,
    params: PasskeyPath,
    body: RenameBody,
    answer: onePasskey,
    errors: [passkeyNotFound, serviceUnavailable],
  },
  async ({ ctx, params, body }) =>
    passkeyToWire(await renamePasskey(ctx, { id: params.passkey_id, name: toName(body) })),
)

passkeyRoutes.delete(
  `${PREFIX}/:passkey_id`,
  {
    id: 'removePasskey',
    summary: "Remove one of the caller's passkeys; needs a factor of the last minutes, the session's or a given one",
    guard: confirmedUserRoute,
    params: PasskeyPath,
    body: RemoveBody,
    query: RemoveQuery,
    answer: ok(Removed, 'Removed'),
    errors: [passkeyNotFound, ...freshFactorErrors],
  },
  async ({ ctx, params, body, query }) => {
    await removePasskey(ctx, toRemoval(params.passkey_id, body, query))
    return REMOVED
  },
)

passkeyRoutes.post(
  `${PREFIX}/:passkey_id/regenerate-secret`,
  {
    id: 'getPasskey',
    summary: "One of the caller's passkeys, unchanged: its secret never leaves its authenticator",
    guard: userRoute,
    params: PasskeyPath,
    answer: ok(Unregenerated, 'The passkey as it is'),
    errors: [passkeyNotFound],
  },
  async ({ ctx, params }) => unregeneratedToWire(await getPasskey(ctx, params.passkey_id)),
)

passkeyRoutes.get(
  '/.well-known/webauthn',
  {
    id: 'getRelatedOrigins',
    summary: 'Origins that may use the passkeys of this relying party (WebAuthn 5.11.1)',
    guard: publicRoute,
    answer: ok(RelatedOrigins, 'The origins'),
  },
  ({ ctx }) => ({ origins: relatedOrigins(relyingPartyOf(ctx.config)) }),
)
