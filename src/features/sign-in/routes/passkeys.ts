import { ok } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { listRelatedOrigins } from '../../factors/passkeys/service/authenticate.ts'
import { mfaChallengeInvalid } from '../../factors/totp/errors.ts'
import { beginAuthentication, passkeySignInErrors, signInWithPasskey } from '../service/passkeys.ts'
import {
  AuthenticateBeginBody,
  AuthenticateCompleteBody,
  AuthenticateCompleteQuery,
  Authenticated,
  AVAILABLE,
  Availability,
  authenticatedToWire,
  BASE64_IDS,
  base64OptionsToWire,
  optionsToWire,
  RelatedOrigins,
  RequestOptions,
  toAssertionInput,
  toBegin,
} from '../wire/passkeys.ts'
export const passkeySignInRoutes = createRoutes({ prefix: '', tag: 'passkeys' })

const PREFIX = '/api/v1/passkeys'

const authenticateSpec = {
  summary: 'Options for `navigator.credentials.get()`',
  description: 'Of an account (`email`), of a pending second step (`mfa_token`), or for any passkey.',
  guard: anyone,
  body: AuthenticateBeginBody,
  answer: ok(RequestOptions, 'The options'),
  errors: [mfaChallengeInvalid, serviceUnavailable],
}

passkeySignInRoutes.post(
  `${PREFIX}/authenticate/begin`,
  { ...authenticateSpec, id: 'beginPasskeySignIn' },
  async ({ ctx, body }) => optionsToWire(await beginAuthentication(ctx, toBegin(body))),
)

passkeySignInRoutes.post(
  `${PREFIX}/authenticate/options`,
  {
    id: 'startPasskeySignIn',
    instead: 'beginPasskeySignIn',
    ...authenticateSpec,
    answer: ok(RequestOptions, BASE64_IDS),
  },
  async ({ ctx, body }) => base64OptionsToWire(await beginAuthentication(ctx, toBegin(body))),
)

passkeySignInRoutes.post(
  `${PREFIX}/authenticate/complete`,
  {
    id: 'signInWithPasskey',
    aliases: [{ path: `${PREFIX}/authenticate/verify`, id: 'logInWithPasskey' }],
    summary: 'Sign in with a passkey; it counts as two factors when the authenticator verified its user',
    guard: anyone,
    body: AuthenticateCompleteBody,
    query: AuthenticateCompleteQuery,
    invalidIs: 400,
    answer: ok(Authenticated, 'A session, or a challenge for the second factor'),
    errors: [...passkeySignInErrors, serviceUnavailable],
  },
  async ({ ctx, body, query }) => authenticatedToWire(await signInWithPasskey(ctx, toAssertionInput(body, query))),
)

passkeySignInRoutes.get(
  `${PREFIX}/availability`,
  {
    id: 'getPasskeyAvailability',
    summary: 'Which kinds of passkeys the service accepts',
    guard: anyone,
    answer: ok(Availability, 'All of them'),
  },
  () => AVAILABLE,
)

passkeySignInRoutes.get(
  '/.well-known/webauthn',
  {
    id: 'listRelatedOrigins',
    summary: 'Origins that may use the passkeys of this relying party (WebAuthn 5.11.1)',
    guard: anyone,
    answer: ok(RelatedOrigins, 'The origins'),
  },
  ({ ctx }) => ({ origins: listRelatedOrigins(ctx) }),
)
