import { ok } from '../../../http/answers.ts'
import { confirmedUser, user } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import {
  ceremonyInvalid,
  passkeyNotFound,
  passkeyRefused,
  passkeyTaken,
  tooManyPasskeys,
} from '../../factors/passkeys/errors.ts'
import { getPasskey, listPasskeys, renamePasskey } from '../../factors/passkeys/service/manage.ts'
import { emailUnconfirmed } from '../../sign-in/errors.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { BASE64_IDS } from '../../sign-in/wire/passkeys.ts'
import { FactorsInput } from '../../sign-in/wire/session.ts'
import { beginRegistration, completeRegistration, removePasskey } from '../service/factors.ts'
import {
  PasskeyList,
  PasskeyPath,
  PasskeyShape,
  REMOVED,
  RegisterBeginBody,
  RegisterCompleteBody,
  Registered,
  RegistrationOptions,
  Removed,
  RenameBody,
  registeredToWire,
  registrationOptionsToWire,
  toName,
  toRegistration,
  toRegistrationRequest,
  Unregenerated,
  unregeneratedToWire,
  withBase64Ids,
} from '../wire/passkeys.ts'

export const passkeyRoutes = createRoutes({ prefix: '', tag: 'passkeys' })

const PREFIX = '/api/v1/passkeys'
const onePasskey = ok(PasskeyShape, 'The passkey')

const registerSpec = {
  summary:
    'Options for `navigator.credentials.create()`; requires a factor proved in the last minutes, by the session or in the body',
  guard: confirmedUser,
  body: RegisterBeginBody,
  answer: ok(RegistrationOptions, 'The options'),
  errors: [tooManyPasskeys, emailUnconfirmed, ...freshFactorErrors],
}

passkeyRoutes.post(
  `${PREFIX}/register/begin`,
  { ...registerSpec, id: 'beginPasskeyRegistration' },
  async ({ ctx, body }) => registrationOptionsToWire(await beginRegistration(ctx, toRegistrationRequest(body))),
)

passkeyRoutes.post(
  `${PREFIX}/register/options`,
  {
    id: 'startPasskeyRegistration',
    instead: 'beginPasskeyRegistration',
    ...registerSpec,
    answer: ok(RegistrationOptions, BASE64_IDS),
  },
  async ({ ctx, body }) => withBase64Ids(await beginRegistration(ctx, toRegistrationRequest(body))),
)

passkeyRoutes.post(
  `${PREFIX}/register/complete`,
  {
    id: 'completePasskeyRegistration',
    aliases: [{ path: `${PREFIX}/register/verify`, id: 'addPasskey' }],
    summary: 'Add the passkey that the authenticator created',
    guard: confirmedUser,
    body: RegisterCompleteBody,
    invalidIs: 400,
    answer: ok(Registered, 'Registered'),
    errors: [ceremonyInvalid, passkeyRefused, passkeyTaken, tooManyPasskeys, emailUnconfirmed, serviceUnavailable],
  },
  async ({ ctx, body }) => registeredToWire(await completeRegistration(ctx, toRegistration(body))),
)

passkeyRoutes.get(
  PREFIX,
  {
    id: 'listPasskeys',
    summary: "The caller's passkeys, newest first",
    guard: user,
    answer: ok(PasskeyList, 'The passkeys'),
    errors: [tokenInvalid],
  },
  ({ ctx }) => listPasskeys(ctx, ctx.actor.id),
)

passkeyRoutes.patch(
  `${PREFIX}/:passkey_id`,
  {
    id: 'renamePasskey',
    summary: "Rename one of the caller's passkeys",
    isWrite: everyCall,
    guard: confirmedUser,
    params: PasskeyPath,
    body: RenameBody,
    answer: onePasskey,
    errors: [passkeyNotFound, serviceUnavailable],
  },
  ({ ctx, params, body }) => renamePasskey(ctx, { id: params.passkey_id, name: toName(body) }),
)

passkeyRoutes.delete(
  `${PREFIX}/:passkey_id`,
  {
    id: 'removePasskey',
    summary:
      "Remove one of the caller's passkeys; requires a factor proved in the last minutes, by the session or in the request",
    guard: confirmedUser,
    params: PasskeyPath,
    body: FactorsInput.body,
    query: FactorsInput.query,
    answer: ok(Removed, 'Removed'),
    errors: [passkeyNotFound, ...freshFactorErrors],
  },
  async ({ ctx, params, body, query }) => {
    await removePasskey(ctx, { id: params.passkey_id, ...FactorsInput.merge(body, query) })
    return REMOVED
  },
)

passkeyRoutes.post(
  `${PREFIX}/:passkey_id/regenerate-secret`,
  {
    id: 'getPasskey',
    instead: 'listPasskeys',
    summary: "One of the caller's passkeys, unchanged: the secret never leaves the authenticator",
    guard: user,
    params: PasskeyPath,
    answer: ok(Unregenerated, 'The passkey as it is'),
    errors: [passkeyNotFound],
  },
  async ({ ctx, params }) => unregeneratedToWire(await getPasskey(ctx, params.passkey_id)),
)
