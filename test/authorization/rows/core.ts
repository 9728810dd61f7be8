import { newUuid } from '../../../src/lib/ids.ts'
import { freshMachine } from '../../features/oauth/support.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
import type { Row, Scene } from '../row.ts'
import {
  forOwner,
  forOwnerAndAdmin,
  NOT_A_TOKEN,
  newAccount,
  OWN_FORM,
  ownCredentials,
  ownerById,
  ownRefreshToken,
  passkeyOf,
  plain,
  refreshStates,
  refusedWith,
  signInStates,
} from './shared.ts'

const PROBES: Readonly<Record<string, Row>> = {
  'GET /health': plain,
  'GET /api/status': plain,
  'GET /readiness': plain,
  'GET /liveness': plain,
  'GET /ready': plain,
  'GET /api/v1/health': plain,
  'GET /api/v1/health/ready': plain,
  'GET /api/v1/health/live': plain,
  'GET /api/v1/health/detailed': plain,
}

const DOCUMENTS: Readonly<Record<string, Row>> = {
  'GET /openapi.json': plain,
  'GET /openapi/:file': { call: () => ({ path: { file: 'no-such-system.json' } }), good: 404 },
  'GET /docs': plain,
  'GET /swagger': plain,
  'GET /redoc': plain,
  'GET /swagger-ui/:file': { call: () => ({ path: { file: 'no-such-file.js' } }), good: 404 },
  'GET /.well-known/jwks.json': plain,
  'GET /.well-known/openid-configuration': plain,
  'GET /.well-known/oauth-authorization-server': plain,
  'GET /.well-known/webauthn': plain,
  'GET /dev/mailbox': { call: () => ({ query: { to: newEmail() } }) },
}

const signUp: Row = { call: () => ({ body: newAccount() }), good: 201 }
const signIn: Row = { call: ownCredentials, ...signInStates({ refused: 401, locked: 423, pending: 200 }) }

const SIGN_IN: Readonly<Record<string, Row>> = {
  'POST /api/v1/auth/signup': signUp,
  'POST /api/v1/auth/register': signUp,
  'POST /api/v1/auth/signin': signIn,
  'POST /api/v1/auth/login': signIn,
  'POST /api/v1/auth/refresh': { call: ownRefreshToken, ...refreshStates(401) },
  'POST /api/v1/auth/signout': plain,
  'POST /api/v1/auth/logout': plain,
  'POST /api/v1/auth/step-up': { call: () => ({ body: { password: PASSWORD } }) },
  'GET /api/v1/auth/me': plain,
  'GET /api/v1/auth/profile': plain,
  'PATCH /api/v1/auth/profile': { call: () => ({ body: { first_name: 'Ada' } }) },
}

const startFactor: Row = { call: () => ({ body: { password: PASSWORD } }) }
const codeOfNobody = (good: number): Row => ({ call: () => ({ body: { code: '000000' } }), good })
const answerChallenge: Row = { call: () => ({ body: { mfa_token: NOT_A_TOKEN, code: '000000' } }), good: 401 }

const SECOND_FACTOR: Readonly<Record<string, Row>> = {
  'POST /api/v1/mfa/totp/generate': startFactor,
  'POST /api/v1/auth/mfa/enable': startFactor,
  'POST /api/v1/mfa/enable': startFactor,
  'POST /api/v1/mfa/totp/verify': codeOfNobody(400),
  'POST /api/v1/mfa/verify': codeOfNobody(400),
  'DELETE /api/v1/mfa/totp/disable': codeOfNobody(400),
  'POST /api/v1/mfa/disable': codeOfNobody(400),
  'POST /api/v1/auth/mfa/disable': codeOfNobody(400),
  'POST /api/v1/mfa/totp/verify-code': codeOfNobody(400),
  'POST /api/v1/mfa/validate-code': codeOfNobody(400),
  'GET /api/v1/mfa/backup-codes': plain,
  'POST /api/v1/mfa/backup-codes/regenerate': codeOfNobody(400),
  'POST /api/v1/mfa/regenerate-backup-codes': codeOfNobody(400),
  'POST /api/v1/mfa/backup-codes/verify': codeOfNobody(400),
  'GET /api/v1/mfa/status': plain,
  'POST /api/v1/mfa/challenge/verify': answerChallenge,
  'POST /api/v1/auth/mfa/verify': answerChallenge,
  'GET /api/v1/mfa/recovery-options': plain,
  'POST /api/v1/mfa/initiate-recovery': { call: () => ({ body: { email: newEmail() } }) },
}

const redeemNothing = refusedWith(400, { token: NOT_A_TOKEN })
const mailSomebody: Row = { call: () => ({ body: { email: newEmail() } }) }
const resetNothing = refusedWith(400, { token: NOT_A_TOKEN, new_password: `${PASSWORD}-2` })
const changePassword: Row = {
  call: () => ({ body: { current_password: PASSWORD, new_password: `${PASSWORD}-2` } }),
}
const openPage: Row = { call: () => ({ query: { token: NOT_A_TOKEN } }), good: 400 }
const sendForm: Row = { call: () => ({ body: { token: NOT_A_TOKEN }, headers: OWN_FORM }), good: 400 }

const RECOVERY: Readonly<Record<string, Row>> = {
  'POST /api/v1/auth/verify-email': redeemNothing,
  'POST /api/v1/auth/email/verify': redeemNothing,
  'POST /api/v1/auth/resend-verification': mailSomebody,
  'POST /api/v1/auth/email/resend-verification': mailSomebody,
  'POST /api/v1/auth/forgot-password': mailSomebody,
  'POST /api/v1/auth/password/forgot': mailSomebody,
  'POST /api/v1/auth/password/reset-request': mailSomebody,
  'POST /api/v1/auth/reset-password': resetNothing,
  'POST /api/v1/auth/password/reset': resetNothing,
  'POST /api/v1/auth/password/confirm': resetNothing,
  'POST /api/v1/auth/password/change': changePassword,
  'PUT /api/v1/auth/password/change': changePassword,
  'PUT /api/v1/auth/change-password': changePassword,
  'POST /api/v1/users/:user_id/change-password': {
    call: async ({ owner }) => ({
      path: { user_id: (await owner()).user.id },
      body: { current_password: PASSWORD, new_password: `${PASSWORD}-2` },
    }),
    ...forOwner(403),
  },
  'POST /api/v1/auth/report-activity': redeemNothing,
  'POST /api/v1/auth/unlock-account': redeemNothing,
  'POST /api/v1/auth/revert-email': redeemNothing,
  'POST /api/v1/auth/restore-account': redeemNothing,
  'POST /api/v1/auth/magic/send': mailSomebody,
  'POST /api/v1/auth/magic-link': mailSomebody,
  'POST /api/v1/auth/magic-link/resend': mailSomebody,
  'POST /api/v1/auth/magic-link/verify': redeemNothing,
  'GET /api/v1/auth/magic/verify': openPage,
  'GET /api/v1/auth/magic-link/callback': openPage,
}

const provider = { provider: 'google' }
const unconfigured: Row = { call: () => ({ path: provider }), good: 400 }
const returnNothing: Row = { call: () => ({ path: provider, query: { state: NOT_A_TOKEN, code: 'x' } }), good: 400 }
const unlinkNothing: Row = { call: () => ({ path: provider }), good: 404 }

const PROVIDERS: Readonly<Record<string, Row>> = {
  'GET /api/v1/oauth/:provider/authorize': unconfigured,
  'GET /api/v1/auth/oauth/authorize': { call: () => ({ query: provider }), good: 400 },
  'POST /api/v1/auth/oauth/authorize/:provider': unconfigured,
  'GET /api/v1/oauth/:provider/continue': {
    call: () => ({ path: provider, query: { request: NOT_A_TOKEN } }),
    good: 400,
  },
  'GET /api/v1/oauth/:provider/callback': returnNothing,
  'GET /api/v1/auth/oauth/callback/:provider': returnNothing,
  'POST /api/v1/oauth/:provider/callback': {
    call: () => ({ path: provider, body: { state: NOT_A_TOKEN, code: 'x' } }),
    good: 400,
  },
  'POST /api/v1/auth/oauth/callback': { call: () => ({ body: { state: NOT_A_TOKEN, code: 'x' } }), good: 400 },
  'POST /api/v1/oauth/exchange': { call: () => ({ body: { code: NOT_A_TOKEN } }), good: 400 },
  'POST /api/v1/oauth/pending-email': {
    call: () => ({ body: { pending_token: NOT_A_TOKEN, email: newEmail() } }),
    good: 400,
  },
  'POST /api/v1/oauth/:provider/link': unconfigured,
  'POST /api/v1/auth/oauth/link/:provider': unconfigured,
  'DELETE /api/v1/oauth/:provider/unlink': unlinkNothing,
  'DELETE /api/v1/auth/oauth/unlink/:provider': unlinkNothing,
  'GET /api/v1/auth/oauth/accounts': plain,
  'GET /api/v1/auth/oauth/providers': plain,
}

const PAGES: Readonly<Record<string, Row>> = {
  'GET /sign-in/renew': { call: () => ({ query: { return_to: '/docs' } }), good: 303 },
  'GET /sign-in': plain,
  'POST /sign-in': { call: () => ({ body: { login: newEmail(), password: PASSWORD }, headers: OWN_FORM }), good: 401 },
  'POST /sign-in/continue': { call: () => ({ body: {}, headers: OWN_FORM }), good: 303 },
  'POST /sign-in/passkey': {
    call: () => ({ body: { credential: '{}', ceremony: 'x' }, headers: OWN_FORM }),
    good: 400,
  },
  'POST /sign-in/second-step': {
    call: () => ({ body: { mfa_token: NOT_A_TOKEN, code: '000000' }, headers: OWN_FORM }),
    good: 401,
  },
  'POST /sign-in/link': { call: () => ({ body: { login: newEmail() }, headers: OWN_FORM }), good: 303 },
  'GET /sign-in/sent': plain,
  'GET /sign-in/link/open': openPage,
  'POST /sign-in/link/open': sendForm,
  'GET /sign-in/with/:provider': { call: () => ({ path: { provider: 'nobody' } }), good: 400 },
  'GET /sign-in/sso': plain,
  'POST /sign-in/sso': { call: () => ({ body: { login: newEmail() }, headers: OWN_FORM }), good: 404 },
  'GET /sign-in/done': { good: 400 },
  'GET /sign-in/address': { call: () => ({ query: { pending_token: NOT_A_TOKEN } }), good: 200 },
  'POST /sign-in/address': {
    call: () => ({ body: { pending_token: NOT_A_TOKEN, email: newEmail() }, headers: OWN_FORM }),
    good: 400,
  },
  'POST /sign-in/address/code': {
    call: () => ({ body: { pending_token: NOT_A_TOKEN, code: 'AAAA-AAAA' }, headers: OWN_FORM }),
    good: 400,
  },
  'GET /sign-up': plain,
  'POST /sign-up': { call: () => ({ body: { email: newEmail(), password: PASSWORD }, headers: OWN_FORM }), good: 303 },
  'GET /forgot-password': plain,
  'POST /forgot-password': { call: () => ({ body: { email: newEmail() }, headers: OWN_FORM }), good: 303 },
  'GET /sign-out': plain,
  'POST /sign-out': { call: () => ({ body: {}, headers: OWN_FORM }), good: 303 },
  // A bearer is nobody there: all are asked to sign in.
  'GET /account': { good: 303 },
  'GET /account/confirm': { good: 303 },
  'POST /account/confirm': { call: () => ({ body: { password: PASSWORD }, headers: OWN_FORM }), good: 303 },
  'GET /account/linked': { good: 303 },
  'POST /account/picture': { call: () => ({ headers: { ...OWN_FORM, 'content-type': 'image/png' } }), good: 303 },
  'GET /account/organizations/:organization_id': { call: () => ({ path: { organization_id: newUuid() } }), good: 303 },
  'GET /account/data/:id': { call: () => ({ path: { id: newUuid() } }), good: 303 },
  'GET /account/:section': { call: () => ({ path: { section: 'security' } }), good: 303 },
  'POST /account/:form': { call: () => ({ path: { form: 'end-others' }, body: {}, headers: OWN_FORM }), good: 303 },
  'GET /assets/:name': { call: () => ({ path: { name: 'style.css' } }), good: 404 },
  'GET /verify-email': openPage,
  'POST /verify-email': {
    call: () => ({ body: { token: NOT_A_TOKEN, answer: 'yes' }, headers: OWN_FORM }),
    good: 400,
  },
  'GET /reset-password': openPage,
  'POST /reset-password': {
    call: () => ({ body: { token: NOT_A_TOKEN, new_password: `${PASSWORD}-2` }, headers: OWN_FORM }),
    good: 400,
  },
  'GET /report-activity': openPage,
  'POST /report-activity': sendForm,
  'GET /revert-email': openPage,
  'POST /revert-email': sendForm,
  'GET /restore-account': openPage,
  'POST /restore-account': sendForm,
  'GET /unlock-account': openPage,
  'POST /unlock-account': sendForm,
  'GET /magic-link': openPage,
  'POST /magic-link': sendForm,
  'GET /provider-email': openPage,
  'POST /provider-email': sendForm,
  'POST /new-link': sendForm,
}

const passkeyPath = async (scene: Scene) => ({ path: { passkey_id: await passkeyOf(scene) } })

const begin: Row = { call: () => ({ body: {} }) }
const credential = { id: 'AAAA', type: 'public-key' }
const completeRegistration = refusedWith(400, {
  credential: { ...credential, response: { clientDataJSON: 'e30', attestationObject: 'oA' } },
})
const completeSignIn = refusedWith(400, {
  credential: { ...credential, response: { clientDataJSON: 'e30', authenticatorData: 'AAAA', signature: 'AAAA' } },
})

const PASSKEYS: Readonly<Record<string, Row>> = {
  'POST /api/v1/passkeys/register/begin': begin,
  'POST /api/v1/passkeys/register/options': begin,
  'POST /api/v1/passkeys/register/complete': completeRegistration,
  'POST /api/v1/passkeys/register/verify': completeRegistration,
  'POST /api/v1/passkeys/authenticate/begin': begin,
  'POST /api/v1/passkeys/authenticate/options': begin,
  'POST /api/v1/passkeys/authenticate/complete': completeSignIn,
  'POST /api/v1/passkeys/authenticate/verify': completeSignIn,
  'GET /api/v1/passkeys': plain,
  'GET /api/v1/passkeys/availability': plain,
  'PATCH /api/v1/passkeys/:passkey_id': {
    call: async (scene) => ({ ...(await passkeyPath(scene)), body: { name: 'mine' } }),
    ...forOwner(404),
  },
  'DELETE /api/v1/passkeys/:passkey_id': { call: passkeyPath, ...forOwner(404) },
  'POST /api/v1/passkeys/:passkey_id/regenerate-secret': { call: passkeyPath, ...forOwner(404) },
}

const sessionOf = async ({ owner }: Scene) => ({ path: { session_id: (await owner()).sessionId } })

const SESSIONS: Readonly<Record<string, Row>> = {
  'GET /api/v1/sessions': plain,
  'GET /api/v1/sessions/current': plain,
  'GET /api/v1/sessions/security/alerts': plain,
  'GET /api/v1/sessions/activity/recent': plain,
  'POST /api/v1/sessions/refresh': plain,
  'DELETE /api/v1/sessions/all': plain,
  'DELETE /api/v1/sessions': plain,
  'POST /api/v1/sessions/revoke-all': plain,
  'GET /api/v1/sessions/:session_id': { call: sessionOf, ...forOwner(404) },
  'DELETE /api/v1/sessions/:session_id': { call: sessionOf, ...forOwner(404) },
  'POST /api/v1/sessions/:session_id/refresh': { call: sessionOf, ...forOwner(404) },
  'GET /api/v1/users/:user_id/sessions': { call: ownerById, ...forOwnerAndAdmin(403) },
  'DELETE /api/v1/users/:user_id/sessions/:session_id': {
    call: async (scene) => ({ path: { ...(await ownerById(scene)).path, ...(await sessionOf(scene)).path } }),
    ...forOwnerAndAdmin(403),
  },
}

const checkToken: Row = { call: async ({ owner }) => ({ body: { token: (await owner()).accessToken } }) }
/** The bearer itself is what is checked. */
const checkBearer: Row = {
  but: {
    anonymous: 401,
    suspended: 401,
    locked: 401,
    inactive: 401,
    deleted: 401,
    demoted: 401,
    expired: 401,
    revoked: 401,
    'second factor pending': 401,
  },
}
const openSocket: Row = {
  call: () => ({ headers: { upgrade: 'websocket' } }),
  good: 101,
}

/** A bearer token is no client's credential. */
const withoutClient = (body: unknown): Row => ({ call: () => ({ body }), good: 401 })
const tokenOfNobody = withoutClient({ grant_type: 'client_credentials' })
/** RFC 7662 2.1 lets a bearer token ask, where it has the right to: the scope of a machine. */
const introspectNothing: Row = {
  call: () => ({ body: { token: NOT_A_TOKEN } }),
  good: 401,
  but: { user: 403, 'other user': 403, vendor: 403, admin: 403, machine: 403, 'machine with the scope': 200 },
}
const revokeNothing = withoutClient({ token: NOT_A_TOKEN })

const MACHINES: Readonly<Record<string, Row>> = {
  'POST /oauth/token': tokenOfNobody,
  'POST /api/v1/oauth/token': tokenOfNobody,
  'POST /oauth/introspect': introspectNothing,
  'POST /api/v1/oauth/introspect': introspectNothing,
  'POST /oauth/revoke': revokeNothing,
  'POST /api/v1/oauth/revoke': revokeNothing,
  'GET /validate': checkBearer,
  'POST /validate': checkToken,
  'POST /api/v1/auth/validate': checkToken,
  'GET /api/v1/websocket/ws': openSocket,
  'GET /api/v1/ws': openSocket,
  'POST /api/v1/websocket/ticket': { good: 201 },
}

/** In a locale that no other test has texts in. */
const newText = () => ({ body: { key: 'matrix.text', locale_code: 'th', value: 'A' } })

const OPERATIONS: Readonly<Record<string, Row>> = {
  'GET /api/v1/admin/keys': plain,
  // A good one would turn the ring that all other tests sign with.
  'POST /api/v1/admin/keys/rotate': refusedWith(422, { revoke_current: 'perhaps' }),
  'GET /api/v1/localization/locales': plain,
  'GET /api/v1/localization/translations/:locale_code': { call: () => ({ path: { locale_code: 'th' } }) },
  'POST /api/v1/localization/translations': { call: newText },
  'PUT /api/v1/localization/translations': { call: newText },
  'DELETE /api/v1/localization/translations/:locale_code/:key': {
    call: () => ({ path: { locale_code: 'vi', key: 'matrix.none' } }),
    good: 404,
  },
  'GET /api/v1/localization/translation-keys': plain,
  'POST /api/v1/localization/translation-keys': {
    call: () => ({ body: { key: `matrix.${newUuid().replaceAll('-', '_')}`, default_value: 'A' } }),
    good: 201,
  },
  'POST /api/v1/admin/clients': { call: () => ({ body: { name: 'robot', scopes: [] } }), good: 201 },
  'GET /api/v1/admin/clients': plain,
  'DELETE /api/v1/admin/clients/:id': {
    call: async ({ app }) => ({ path: { id: (await freshMachine(app)).client.id } }),
  },
  'POST /api/v1/admin/users/import': { call: () => ({ headers: { 'content-type': 'application/x-ndjson' } }) },
  'GET /api/v1/admin/mails': plain,
  'POST /api/v1/admin/mails/:id/requeue': { call: () => ({ path: { id: newUuid() } }), good: 404 },
  'GET /api/v1/admin/dead-letters': plain,
}

export const CORE: Readonly<Record<string, Row>> = {
  ...PROBES,
  ...DOCUMENTS,
  ...SIGN_IN,
  ...SECOND_FACTOR,
  ...RECOVERY,
  ...PROVIDERS,
  ...PAGES,
  ...PASSKEYS,
  ...SESSIONS,
  ...MACHINES,
  ...OPERATIONS,
}
