import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'

/** Every route that answers without a signed-in user or a machine's token, and why it may. Reviewed by hand. */
const PUBLIC: Readonly<Record<string, string>> = {
  'POST /api/v1/invitations/accept': 'checks the token of an invitation',
  'GET /api/v1/invitations/validate/:token': 'checks the token of an invitation',
  'GET /api/v1/invitations/:invitation_id': 'shows an invitation to whoever has its id, without its link',
  'GET /api/v1/invitations/invitations/:invitation_id': 'shows an invitation to whoever has its id, without its link',
  'POST /api/v1/invitations/:invitation_id/accept': 'checks the token of an invitation, or that the caller is invited',
  'POST /api/v1/invitations/invitations/:invitation_id/accept':
    'checks the token of an invitation, or that the caller is invited',
  'POST /api/invitations/accept': 'checks the token of an invitation',
  'GET /api/invitations/validate/:token': 'checks the token of an invitation',
  'GET /api/invitations/:invitation_id': 'shows an invitation to whoever has its id, without its link',
  'GET /api/invitations/invitations/:invitation_id': 'shows an invitation to whoever has its id, without its link',
  'POST /api/invitations/:invitation_id/accept': 'checks the token of an invitation, or that the caller is invited',
  'POST /api/invitations/invitations/:invitation_id/accept':
    'checks the token of an invitation, or that the caller is invited',
  'GET /invitations/accept': "asks before an invitation's token is used",
  'POST /invitations/accept': 'checks the token of an invitation',
  'POST /api/v1/organizations/invites/accept': 'checks the token of an invitation',
  'POST /api/v1/organizations/invitations/:token/accept': 'checks the token of an invitation',
  'GET /health': 'probe',
  'GET /api/status': 'probe',
  'GET /readiness': 'probe',
  'GET /liveness': 'probe',
  'GET /ready': 'probe',
  'GET /api/v1/health': 'probe',
  'GET /api/v1/health/ready': 'probe',
  'GET /api/v1/health/live': 'probe',
  'GET /openapi.json': 'describes the API, nothing of its users',
  'GET /openapi/:file': 'describes the API, nothing of its users',
  'GET /docs': 'a page without data',
  'GET /swagger': 'a page without data',
  'GET /redoc': 'a page without data',
  'GET /swagger-ui/:file': 'five fixed files of the page',
  'GET /avatars/:name': 'a picture, to whoever has its unguessable name',
  'GET /dev/mailbox': 'served to loopback in local mode only',
  'GET /api/v1/localization/locales': 'names of languages',
  'GET /api/v1/localization/translations/:locale_code': 'texts for everybody',
  'GET /.well-known/jwks.json': 'public keys',
  'GET /api/v1/audit-logs/keys': 'public keys',
  'GET /api/audit-logs/keys': 'public keys',
  'GET /.well-known/openid-configuration': 'public metadata',
  'POST /api/v1/sso/discover': 'says how a domain signs in, the same for everybody in it',
  'GET /api/v1/sso/login': 'begins a sign-in, by the domain alone',
  'GET /api/v1/sso/oidc/initiate': 'as /api/v1/sso/login, from the provider',
  'POST /api/v1/sso/initiate': 'as /api/v1/sso/login, for a program',
  'GET /api/v1/sso/continue': 'checks a state, and gives the browser its cookie',
  'GET /api/v1/sso/oidc/callback': 'checks a state, and its browser by a cookie',
  'POST /api/v1/sso/oidc/callback': 'as GET, with a form of another site',
  'GET /api/v1/sso/oidc/callback/:config_id': 'as /api/v1/sso/oidc/callback, of one connection',
  'POST /api/v1/sso/oidc/callback/:config_id': 'as GET, with a form of another site',
  'GET /api/v1/sso/logout': 'checks a one-time token of a session that has ended',
  'POST /api/v1/sso/oidc/backchannel-logout': "verifies a token by the provider's keys",
  'GET /api/v1/scim/v2/ServiceProviderConfig': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/v2/Schemas': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/v2/Schemas/:urn': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/v2/ResourceTypes': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/v2/ResourceTypes/:name': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/v2/Me': 'always 501',
  'POST /api/v1/scim/v2/Me': 'always 501',
  'PUT /api/v1/scim/v2/Me': 'always 501',
  'PATCH /api/v1/scim/v2/Me': 'always 501',
  'DELETE /api/v1/scim/v2/Me': 'always 501',
  'GET /api/v1/scim/ServiceProviderConfig': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/Schemas': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/Schemas/:urn': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/ResourceTypes': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/ResourceTypes/:name': 'says what the service can, nothing of its users',
  'GET /api/v1/scim/Me': 'always 501',
  'POST /api/v1/scim/Me': 'always 501',
  'PUT /api/v1/scim/Me': 'always 501',
  'PATCH /api/v1/scim/Me': 'always 501',
  'DELETE /api/v1/scim/Me': 'always 501',
  'GET /api/v1/sso/metadata/:organization_id': 'public metadata',
  'POST /api/v1/sso/saml/acs': "checks a state, its browser by a cookie, and a signature by the provider's keys",
  'GET /api/v1/sso/saml/slo': "verifies a message by the provider's keys",
  'POST /api/v1/sso/saml/slo': 'as GET, with a form of another site',
  'POST /api/v1/auth/signup': 'makes an account',
  'POST /api/v1/auth/register': 'makes an account',
  'POST /api/v1/users': 'makes an account',
  'POST /api/v1/auth/signin': 'checks a password',
  'POST /api/v1/auth/login': 'checks a password',
  'POST /api/v1/auth/refresh': 'checks a refresh token',
  'POST /api/v1/mfa/challenge/verify': 'checks a challenge and a code',
  'POST /api/v1/auth/mfa/verify': 'as /api/v1/mfa/challenge/verify; without a challenge it wants a signed-in user',
  'GET /api/v1/mfa/recovery-options': 'the same for every address',
  'POST /api/v1/mfa/initiate-recovery': 'the same for every address; mails what to do, nothing that opens the account',
  'POST /api/v1/auth/report-activity': "checks a mailed link's token",
  'POST /api/v1/auth/unlock-account': "checks a mailed link's token",
  'POST /api/v1/auth/revert-email': "checks a mailed link's token, and a second factor of before the change",
  'POST /api/v1/auth/restore-account': "checks a mailed link's token, and a password or second factor",
  'GET /revert-email': "asks before a mailed link's token is used",
  'POST /revert-email': "checks a mailed link's token, and a second factor of before the change",
  'GET /restore-account': "asks before a mailed link's token is used",
  'POST /restore-account': "checks a mailed link's token, and a password or second factor",
  'GET /unlock-account': "checks a mailed link's token, and changes nothing",
  'POST /unlock-account': "checks a mailed link's token, from our own page alone",
  'POST /api/v1/auth/verify-email': "checks a mailed link's token",
  'POST /api/v1/auth/email/verify': 'as /api/v1/auth/verify-email',
  'POST /api/v1/auth/resend-verification': 'mails an address its own link; answers alike for everybody',
  'POST /api/v1/auth/email/resend-verification': 'as /api/v1/auth/resend-verification',
  'POST /api/v1/auth/forgot-password': 'mails an address its own link; answers alike for everybody',
  'POST /api/v1/auth/password/forgot': 'as /api/v1/auth/forgot-password',
  'POST /api/v1/auth/password/reset-request': 'as /api/v1/auth/forgot-password',
  'POST /api/v1/auth/reset-password': "checks a mailed link's token",
  'POST /api/v1/auth/password/reset': 'as /api/v1/auth/reset-password; without a token as /api/v1/auth/forgot-password',
  'POST /api/v1/auth/password/confirm': 'as /api/v1/auth/reset-password',
  'GET /verify-email': "asks before a mailed link's token is used",
  'POST /verify-email': "checks a mailed link's token",
  'GET /reset-password': "asks before a mailed link's token is used",
  'POST /reset-password': "checks a mailed link's token",
  'GET /report-activity': "asks before a mailed link's token is used",
  'POST /report-activity': "checks a mailed link's token",
  'POST /api/v1/auth/magic/send': 'mails an address its own link; answers alike for everybody',
  'POST /api/v1/auth/magic-link': 'as /api/v1/auth/magic/send',
  'POST /api/v1/auth/magic-link/resend': 'as /api/v1/auth/magic/send',
  'GET /api/v1/auth/magic/verify': "checks a mailed link's token",
  'GET /api/v1/auth/magic-link/callback': 'as /api/v1/auth/magic/verify',
  'POST /api/v1/auth/magic-link/verify': "checks a mailed link's token",
  'GET /magic-link': "asks before a mailed link's token is used",
  'POST /magic-link': "checks a mailed link's token",
  'GET /api/v1/oauth/:provider/authorize': 'begins a sign-in',
  'GET /api/v1/auth/oauth/authorize': 'as /api/v1/oauth/:provider/authorize',
  'POST /api/v1/auth/oauth/authorize/:provider': 'as /api/v1/oauth/:provider/authorize',
  'GET /api/v1/oauth/:provider/continue': 'checks a state, and gives the browser its cookie',
  'GET /api/v1/oauth/:provider/callback': 'checks a state, and its browser by a cookie',
  'GET /api/v1/auth/oauth/callback/:provider': 'as /api/v1/oauth/:provider/callback',
  'POST /api/v1/oauth/:provider/callback': 'as GET, with a form of another site',
  'POST /api/v1/auth/oauth/callback': 'checks a state',
  'POST /api/v1/oauth/exchange': 'checks a code; a link also its bearer',
  'POST /api/v1/oauth/pending-email': 'mails an address its own link; answers alike for everybody',
  'GET /api/v1/auth/oauth/providers': 'public configuration',
  'GET /provider-email': "asks before a mailed link's token is used",
  'POST /provider-email': "checks a mailed link's token",
  'POST /new-link': 'mails an address its own link; checks that it had one before',
  'POST /api/v1/passkeys/authenticate/begin':
    'gives a challenge; no account and one without passkeys look as others do',
  'POST /api/v1/passkeys/authenticate/options': 'as /api/v1/passkeys/authenticate/begin',
  'POST /api/v1/passkeys/authenticate/complete': 'checks a passkey',
  'POST /api/v1/passkeys/authenticate/verify': 'as /api/v1/passkeys/authenticate/complete',
  'GET /api/v1/passkeys/availability': 'the same for everybody',
  'GET /.well-known/webauthn': 'public configuration',
  'GET /.well-known/oauth-authorization-server': 'public metadata',
  'POST /api/v1/admin/register': "checks an admin's token, or ADMIN_SECRET_KEY",
  'GET /validate': "says whether the caller's own token is good",
  'POST /validate': 'says whether the token in the body is good',
  'POST /api/v1/auth/validate': 'says whether the token in the body is good',
  'POST /oauth/token': 'checks a client credential',
  'POST /oauth/introspect': 'checks a client credential',
  'POST /oauth/revoke': 'checks a client credential, or takes the token itself as proof (RFC 7009 2.1)',
  'POST /api/v1/oauth/token': 'as /oauth/token',
  'POST /api/v1/oauth/introspect': 'as /oauth/introspect',
  'POST /api/v1/oauth/revoke': 'as /oauth/revoke',
  'GET /api/v1/websocket/ws': 'checks token, ticket or subprotocol, or waits for an auth frame',
  'GET /api/v1/ws': 'as /api/v1/websocket/ws',
  'GET /': 'a greeting',
  'POST /auth/login': 'checks a password',
  'POST /token': 'as /auth/login',
  'POST /auth/register': 'makes an account',
  'POST /auth/password-reset-request': 'mails an address its own link; says whether it is known',
  'POST /auth/password-reset': "checks a mailed link's token",
  'POST /auth/token-refresh': 'checks a refresh token',
  'POST /auth/verify-2fa': 'checks a code of a session, or of a challenge',
  'POST /admin/register': "checks an admin's token, or ADMIN_SECRET_KEY",
  'POST /admin/login': 'checks a password, of admins',
  'POST /vendor/register_vendor': 'makes an account, with the role vendor',
  'POST /vendor/login': 'checks a password, of vendors',
  'POST /users/register': 'makes an account',
  'POST /api/v1/auth/password-reset': 'mails an address its own link',
  'POST /api/v1/auth/password-reset/confirm': "checks a mailed link's token",
  'GET /api/v1/auth/verify-email/:token': "checks a mailed link's token",
  'GET /api/v1/auth/health': 'probe',
}

/** Admin paths where somebody becomes an admin or signs in as one: each checks for itself. */
const ENTRANCES = ['POST /api/v1/admin/register', 'POST /admin/register', 'POST /admin/login']

/** What a token may still do that another isolate has ended seconds ago: none of it touches credentials, roles or sessions. */
const UNCONFIRMED: Readonly<Record<string, string>> = {
  'POST /api/v1/auth/resend-verification': 'mails an address its own link',
  'POST /api/v1/auth/email/resend-verification': 'mails an address its own link',
  'POST /api/v1/passkeys/:passkey_id/regenerate-secret': 'changes nothing: a passkey has no secret',
  'POST /api/v1/websocket/ticket': "the session's object looks again at who opens a socket with it",
  'POST /chatbot/interact': 'says what the caller says',
  'POST /api/v1/rbac/check-permission': 'changes nothing',
  'POST /api/v1/rbac/check-permissions': 'changes nothing',
  'POST /api/v1/rbac/enforce': 'changes nothing',
  'POST /api/v1/webhooks/verify-signature': 'changes nothing',
  'POST /api/v1/policies/evaluate': 'changes nothing',
  'POST /api/policies/evaluate': 'changes nothing',
  'POST /api/v1/policies/:policy_id/evaluate': 'changes nothing',
  'POST /api/policies/:policy_id/evaluate': 'changes nothing',
}

const ENDS = 'ends sessions'
const TAKES = 'takes rights away'
const CREDENTIAL = 'changes a credential or a factor'
const SILENT = 'writes no event'

/** Why a signed-in call that is no GET does not count against what its caller may write in an hour. Reviewed by hand. */
const UNCOUNTED: Readonly<Record<string, string>> = {
  'DELETE /api/invitations/:invitation_id': 'removes rights',
  'DELETE /api/invitations/invitations/:invitation_id': 'removes rights',
  'DELETE /api/v1/invitations/:invitation_id': 'removes rights',
  'DELETE /api/v1/invitations/invitations/:invitation_id': 'removes rights',
  'DELETE /api/v1/organizations/:organization_id/invitations/:invitation_id': 'removes rights',
  'DELETE /api/v1/organizations/:organization_id/invites/:invitation_id': 'removes rights',
  'DELETE /api/v1/organizations/:organization_id/members/:user_id': 'removes rights',
  'POST /api/v1/organizations/:organization_id/leave': 'removes rights',
  'POST /api/v1/organizations/:organization_id/activate': 'writes no event, but for the first time',
  'POST /api/v1/organizations/deactivate': 'writes no event',
  'POST /api/v1/admin/keys/rotate': CREDENTIAL,
  'POST /api/v1/auth/signout': ENDS,
  'POST /api/v1/auth/logout': ENDS,
  'POST /api/v1/auth/step-up': 'comes before the change of a credential',
  'POST /api/v1/mfa/totp/generate': CREDENTIAL,
  'POST /api/v1/auth/mfa/enable': CREDENTIAL,
  'POST /api/v1/mfa/enable': CREDENTIAL,
  'POST /api/v1/mfa/totp/verify': CREDENTIAL,
  'POST /api/v1/mfa/verify': CREDENTIAL,
  'POST /api/v1/auth/mfa/verify': CREDENTIAL,
  'DELETE /api/v1/mfa/totp/disable': CREDENTIAL,
  'POST /api/v1/mfa/disable': CREDENTIAL,
  'POST /api/v1/auth/mfa/disable': CREDENTIAL,
  'POST /api/v1/mfa/totp/verify-code': CREDENTIAL,
  'POST /api/v1/mfa/validate-code': CREDENTIAL,
  'POST /api/v1/mfa/backup-codes/regenerate': CREDENTIAL,
  'POST /api/v1/mfa/regenerate-backup-codes': CREDENTIAL,
  'POST /api/v1/mfa/backup-codes/verify': CREDENTIAL,
  'POST /api/v1/auth/resend-verification': SILENT,
  'POST /api/v1/auth/email/resend-verification': SILENT,
  'POST /api/v1/auth/password/change': CREDENTIAL,
  'PUT /api/v1/auth/password/change': CREDENTIAL,
  'PUT /api/v1/auth/change-password': CREDENTIAL,
  'POST /api/v1/users/:user_id/change-password': CREDENTIAL,
  'POST /api/v1/passkeys/register/begin': CREDENTIAL,
  'POST /api/v1/passkeys/register/options': CREDENTIAL,
  'POST /api/v1/passkeys/register/complete': CREDENTIAL,
  'POST /api/v1/passkeys/register/verify': CREDENTIAL,
  'DELETE /api/v1/passkeys/:passkey_id': CREDENTIAL,
  'POST /api/v1/passkeys/:passkey_id/regenerate-secret': SILENT,
  'POST /api/v1/sessions/refresh': SILENT,
  'POST /api/v1/sessions/:session_id/refresh': SILENT,
  'DELETE /api/v1/sessions/all': ENDS,
  'DELETE /api/v1/sessions': ENDS,
  'POST /api/v1/sessions/revoke-all': ENDS,
  'DELETE /api/v1/sessions/:session_id': ENDS,
  'DELETE /api/v1/users/:user_id/sessions/:session_id': ENDS,
  'POST /api/v1/rbac/check-permission': SILENT,
  'POST /api/v1/rbac/check-permissions': SILENT,
  'POST /api/v1/rbac/enforce': SILENT,
  'POST /api/v1/webhooks/verify-signature': SILENT,
  'POST /api/v1/webhooks/:webhook_id/test': SILENT,
  'POST /api/v1/webhooks/:webhook_id/regenerate-secret': CREDENTIAL,
  'POST /api/v1/policies/evaluate': SILENT,
  'POST /api/policies/evaluate': SILENT,
  'POST /api/v1/policies/:policy_id/evaluate': SILENT,
  'POST /api/policies/:policy_id/evaluate': SILENT,
  'DELETE /api/v1/rbac/roles/:role_id': TAKES,
  'DELETE /api/v1/roles/:role_id': TAKES,
  'DELETE /api/v1/rbac/users/:user_id/roles/:role_id': TAKES,
  'DELETE /api/v1/policies/roles/:role_id/unassign': TAKES,
  'DELETE /api/v1/organizations/:organization_id/roles/:role_id': TAKES,
  'DELETE /api/v1/organizations/:organization_id/domains/:domain': TAKES,
  'DELETE /api/v1/sso/configurations/:config_id': TAKES,
  'DELETE /api/v1/organizations/:organization_id/scim/config': TAKES,
  'DELETE /api/v1/users/me': TAKES,
  'DELETE /api/v1/users/:user_id': TAKES,
  'POST /api/v1/users/:user_id/suspend': TAKES,
  'DELETE /api/v1/admin/clients/:id': TAKES,
  'POST /api/v1/websocket/ticket': SILENT,
  'POST /api/v1/compliance/privacy/data-deletion': TAKES,
  'PATCH /api/v1/compliance/privacy/data-subject-requests/:id': TAKES,
  'POST /api/v1/compliance/holds': TAKES,
  'DELETE /api/v1/compliance/holds/:id': TAKES,
  'POST /api/v1/audit-logs/verify': SILENT,
  'POST /api/audit-logs/verify': SILENT,
  'POST /api/v1/admin/sessions/revoke-all': ENDS,
  'PATCH /api/v1/admin/users/:id': TAKES,
  'PUT /api/v1/admin/users/:id/role': TAKES,
  'PATCH /api/v1/admin/users/:id/role': TAKES,
  'DELETE /api/v1/admin/users/:id': TAKES,
  'DELETE /api/v1/admin/users/:id/force-delete': TAKES,
  'POST /api/v1/admin/users/:id/suspend': TAKES,
  'POST /api/v1/admin/users/:id/deactivate': TAKES,
  'POST /api/v1/admin/users/:id/lock': TAKES,
  'DELETE /api/v1/admin/users/:id/mfa': CREDENTIAL,
  'DELETE /api/v1/admin/users/:id/passkeys': CREDENTIAL,
  'DELETE /api/v1/admin/users/:id/passkeys/:passkey_id': CREDENTIAL,
  'POST /api/v1/oauth/:provider/link': CREDENTIAL,
  'POST /api/v1/auth/oauth/link/:provider': CREDENTIAL,
  'DELETE /api/v1/oauth/:provider/unlink': CREDENTIAL,
  'DELETE /api/v1/auth/oauth/unlink/:provider': CREDENTIAL,
  'POST /users/logout': ENDS,
  'DELETE /admins/users/:user_id': TAKES,
  'POST /admins/logout': ENDS,
  'POST /auth/enable-2fa': CREDENTIAL,
  'POST /auth/disable-2fa': CREDENTIAL,
  'POST /auth/verify-2fa': CREDENTIAL,
  'DELETE /auth/sessions/:session_id': ENDS,
  'PUT /admin/deactivate-user/:user_id': TAKES,
  'PUT /admin/user/role': TAKES,
  'DELETE /admin/user/:user_id': TAKES,
  'POST /admin/lock': TAKES,
}

const OPEN = ['public', 'optional', 'custom']
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
const open = listRoutes().filter(({ spec }) => OPEN.includes(spec.guard.kind))

describe('the route inventory', () => {
  it('has no route without a guard that was not reviewed', () => {
    expect(open.map(nameOf).filter((name) => !(name in PUBLIC))).toEqual([])
  })

  it('has no review of a route that is gone', () => {
    const names = open.map(nameOf)
    expect(Object.keys(PUBLIC).filter((name) => !names.includes(name))).toEqual([])
  })

  it('lets only admins on admin paths', () => {
    const admin = listRoutes().filter(({ path }) => /\/admins?(\/|$)/.test(path))
    const others = admin.filter(({ spec }) => spec.guard.kind !== 'admin').map(nameOf)
    expect(others.filter((name) => !ENTRANCES.includes(name))).toEqual([])
    expect(ENTRANCES.filter((name) => !others.includes(name))).toEqual([])
  })

  it('confirms with the session itself what admins do, and what changes anything', () => {
    const signedIn = listRoutes().filter(({ spec }) => !['public', 'custom', 'directory'].includes(spec.guard.kind))
    const changing = signedIn.filter(({ method, spec }) => method !== 'GET' || spec.guard.kind === 'admin')
    const unconfirmed = changing.filter(({ spec }) => !spec.guard.strong).map(nameOf)
    expect(unconfirmed.sort()).toEqual(Object.keys(UNCONFIRMED).sort())
  })

  it('counts what a signed-in caller writes, but for what was reviewed', () => {
    const writing = listRoutes().filter(({ method, spec }) => {
      return method !== 'GET' && !['public', 'custom', 'directory'].includes(spec.guard.kind)
    })
    const uncounted = writing.filter(({ spec }) => !spec.isWrite).map(nameOf)
    expect(uncounted.sort()).toEqual(Object.keys(UNCOUNTED).sort())
  })

  it('serves no path twice, and none with a trailing slash', () => {
    const names = listRoutes().map((route) => nameOf(route).replace(/:\w+/g, ':'))
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    expect(names.filter((name) => name.endsWith('/') && !name.endsWith(' /'))).toEqual([])
  })

  it('keeps /dev to local mode', () => {
    const dev = listRoutes().filter(({ path }) => path.startsWith('/dev'))
    expect(dev.filter(({ spec }) => !spec.localOnly).map(nameOf)).toEqual([])
  })
})
