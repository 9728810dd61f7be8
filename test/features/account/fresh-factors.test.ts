import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { insertPasskey } from '../admin/support.ts'
import {
  ageSession,
  createClockedSuite,
  type Enrolled,
  enrolQuickly,
  outcomeOf,
  proveSecondFactor,
  refreshUser,
  totpAt,
} from '../factors/totp/support.ts'

const app = createClockedSuite()
const NEW = 'Another-good-passw0rd'

interface Subject extends Enrolled {
  readonly passkeyId: string
}

/** What a form may carry of proofs. */
interface Given {
  readonly password?: string
  readonly code?: string
}

/** What a route does to the account, as its body or query says it. `given` stands under the names of its form. */
interface Sensitive {
  readonly body?: (given: Given, subject: Subject) => Record<string, unknown>
  /** The form has a field for a code. */
  readonly takesCode?: true
  /** The form has a field for the password. */
  readonly takesPassword?: true
  /** It sets another password: the present one is part of the form. */
  readonly setsPassword?: true
  /** An admin who means their own account. */
  readonly isAdmin?: true
}

const own = { takesCode: true, takesPassword: true, body: (given: Given) => ({ ...given }) } as const
const currentPassword = ({ password, code }: Given) => ({ current_password: password, code })
const address = {
  takesCode: true,
  takesPassword: true,
  body: (given: Given) => ({ ...currentPassword(given), email: newEmail() }),
} as const
const password = {
  takesCode: true,
  takesPassword: true,
  setsPassword: true,
  body: (given: Given) => ({ ...currentPassword(given), new_password: NEW }),
} as const
const ownAsAdmin = { isAdmin: true } as const
const retention = {
  isAdmin: true,
  takesCode: true,
  takesPassword: true,
  body: (given: Given) => ({ ...given, data_category: 'mails', retention_period_days: 7 }),
} as const

/** Every route that removes, shows or begins to bind a factor, changes the password or the address, or deletes the account. */
const SENSITIVE: readonly (readonly [route: string, Sensitive])[] = [
  ['DELETE /api/v1/mfa/totp/disable', own],
  ['POST /api/v1/mfa/disable', own],
  ['POST /api/v1/auth/mfa/disable', own],
  ['POST /auth/disable-2fa', { takesCode: true, body: ({ code }) => ({ code }) }],
  ['POST /api/v1/mfa/backup-codes/regenerate', own],
  ['POST /api/v1/mfa/regenerate-backup-codes', own],
  ['POST /api/v1/passkeys/register/begin', own],
  ['POST /api/v1/passkeys/register/options', own],
  ['DELETE /api/v1/passkeys/:passkey_id', own],
  ['PATCH /api/v1/auth/profile', address],
  ['PUT /api/v1/users/me', address],
  ['PATCH /api/v1/users/me', address],
  ['PUT /api/v1/users/:user_id', address],
  ['PATCH /api/v1/users/:user_id', address],
  ['PUT /auth/profile', address],
  ['PUT /auth/profile', { ...password, body: (given) => ({ ...currentPassword(given), password: NEW }) }],
  ['POST /api/v1/auth/password/change', password],
  ['PUT /api/v1/auth/password/change', password],
  [
    'PUT /api/v1/auth/change-password',
    { ...password, body: ({ password: currentPassword, code }) => ({ currentPassword, code, newPassword: NEW }) },
  ],
  ['POST /api/v1/users/:user_id/change-password', password],
  ['DELETE /api/v1/users/me', own],
  ['DELETE /api/v1/users/:user_id', own],
  ['POST /api/v1/audit-logs/export', own],
  ['POST /api/audit-logs/export', own],
  ['DELETE /api/v1/admin/users/:id/mfa', ownAsAdmin],
  ['DELETE /api/v1/admin/users/:id/passkeys', ownAsAdmin],
  ['DELETE /api/v1/admin/users/:id/passkeys/:passkey_id', ownAsAdmin],
  ['POST /api/v1/compliance/admin/retention-policy', retention],
  ['DELETE /admins/users/:user_id', ownAsAdmin],
  ['DELETE /admin/user/:user_id', ownAsAdmin],
]

/** Routes that begin with an authenticator app. There is one a user, so an account that has it is refused by that. */
const BEGIN_TOTP = [
  'POST /api/v1/mfa/totp/generate',
  'POST /api/v1/mfa/enable',
  'POST /api/v1/auth/mfa/enable',
  'GET /auth/generate-2fa-code',
]

/** Routes that end what one above began: the ceremony carries the proof, to the session that gave it. */
const COMPLETE = [
  'POST /api/v1/mfa/totp/verify',
  'POST /api/v1/mfa/verify',
  'POST /api/v1/auth/mfa/verify',
  'POST /auth/enable-2fa',
  'POST /api/v1/passkeys/register/complete',
  'POST /api/v1/passkeys/register/verify',
]

const ORGANIZATIONS = '/api/v1/organizations'
const ONE = `${ORGANIZATIONS}/:organization_id`
const SSO = '/api/v1/sso'

/** Ask for a fresh factor, or for a session of two, where the change or the organization wants it: test/features/organizations. */
const INVITATIONS = ['/api/v1/invitations', '/api/invitations'].flatMap((prefix) => [
  `GET ${prefix}`,
  `POST ${prefix}`,
  `POST ${prefix}/bulk`,
  `PATCH ${prefix}/:invitation_id`,
  `PUT ${prefix}/:invitation_id`,
  `DELETE ${prefix}/:invitation_id`,
  `DELETE ${prefix}/invitations/:invitation_id`,
  `POST ${prefix}/:invitation_id/resend`,
  `POST ${prefix}/invitations/:invitation_id/resend`,
  `POST ${prefix}/organizations/:organization_id/invitations`,
])

const OF_ORGANIZATIONS = [
  ...INVITATIONS,
  `POST ${ONE}/invite`,
  `POST ${ONE}/invites`,
  `POST ${ONE}/invites/:invitation_id/resend`,
  `DELETE ${ONE}/invites/:invitation_id`,
  `DELETE ${ONE}/invitations/:invitation_id`,
  `GET ${ORGANIZATIONS}/by-slug/:slug`,
  `GET ${ORGANIZATIONS}/slug/:slug`,
  `PUT ${ONE}`,
  `PATCH ${ONE}`,
  `DELETE ${ONE}`,
  `PUT ${ONE}/settings`,
  `PATCH ${ONE}/settings`,
  `POST ${ONE}/activate`,
  `POST ${ONE}/members`,
  `POST ${ONE}/members/add`,
  `PUT ${ONE}/members/:user_id`,
  `PATCH ${ONE}/members/:user_id`,
  `PUT ${ONE}/members/:user_id/role`,
  `PATCH ${ONE}/members/:user_id/role`,
  `POST ${ONE}/transfer-ownership`,
  ...['GET', 'POST'].map((method) => `${method} ${SSO}/configurations`),
  ...['GET', 'PUT', 'DELETE'].map((method) => `${method} ${SSO}/configurations/:config_id`),
  `POST ${SSO}/test`,
  `POST ${ONE}/domains`,
  `POST ${ONE}/domains/:domain/verify`,
  `DELETE ${ONE}/domains/:domain`,
  `PUT ${ONE}/sso-policy`,
  ...['POST', 'PUT', 'DELETE'].map((method) => `${method} ${ONE}/scim/config`),
  `POST ${ONE}/scim/config/token`,
  'DELETE /api/v1/admin/organizations/:id',
]

/** Ask for a fresh factor of somebody who has a provider: test/features/federation/linking.test.ts. */
const OF_PROVIDERS = [
  'POST /api/v1/oauth/:provider/link',
  'POST /api/v1/auth/oauth/link/:provider',
  'DELETE /api/v1/oauth/:provider/unlink',
  'DELETE /api/v1/auth/oauth/unlink/:provider',
]

/** Ask for a fresh factor before anything of a person's data is asked for, read or held: test/features/privacy. */
const OF_PRIVACY = [
  'POST /api/v1/compliance/privacy/data-subject-requests',
  'POST /api/v1/compliance/data-subject-request',
  'POST /api/v1/compliance/privacy/data-deletion',
  'POST /api/v1/compliance/privacy/data-export',
  'POST /api/compliance/data-export',
  'GET /api/v1/compliance/privacy/data-export/:id',
  'GET /api/v1/compliance/privacy/data-export/:id/download',
  'GET /api/v1/compliance/data-subject-request/:id/data',
  'POST /api/v1/compliance/holds',
  'DELETE /api/v1/compliance/holds/:id',
]

/** Signed-in routes that change something, and none of that. Reviewed by hand. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'a directory has no session': ['/api/v1/scim/v2', '/api/v1/scim'].flatMap((home) =>
    [`${home}/Users`, `${home}/Groups`].flatMap((list) => [
      `POST ${list}`,
      ...['PUT', 'PATCH', 'DELETE'].map(
        (method) => `${method} ${list}/:${list.endsWith('Users') ? 'user' : 'group'}_id`,
      ),
    ]),
  ),
  'proves a factor': [
    'POST /api/v1/auth/step-up',
    'POST /auth/verify-2fa',
    'POST /api/v1/mfa/totp/verify-code',
    'POST /api/v1/mfa/validate-code',
    'POST /api/v1/mfa/backup-codes/verify',
  ],
  'shows or names a factor without what proves it': [
    'GET /api/v1/mfa/backup-codes',
    'GET /api/v1/mfa/status',
    'GET /api/v1/passkeys',
    'GET /auth/test-2fa',
    'PATCH /api/v1/passkeys/:passkey_id',
    'POST /api/v1/passkeys/:passkey_id/regenerate-secret',
  ],
  "refuses one's own account": ['DELETE /api/v1/admin/users/:id', 'DELETE /api/v1/admin/users/:id/force-delete'],
  "refuses to delete one's own account, and changes no credential": ['PATCH /api/v1/admin/users/:id'],
  'ends sessions, which protects': [
    'DELETE /api/v1/sessions',
    'DELETE /api/v1/sessions/:session_id',
    'DELETE /api/v1/sessions/all',
    'DELETE /api/v1/users/:user_id/sessions/:session_id',
    'DELETE /auth/sessions/:session_id',
    'POST /api/v1/sessions/revoke-all',
    'POST /api/v1/admin/sessions/revoke-all',
    'POST /api/v1/auth/signout',
    'POST /api/v1/auth/logout',
    'POST /users/logout',
    'POST /admins/logout',
  ],
  'gives and takes rights, no more than the caller holds, or asks for them': [
    'POST /api/v1/rbac/roles',
    'POST /api/v1/roles',
    'PUT /api/v1/rbac/roles/:role_id',
    'PUT /api/v1/roles/:role_id',
    'PATCH /api/v1/rbac/roles/:role_id',
    'PATCH /api/v1/roles/:role_id',
    'DELETE /api/v1/rbac/roles/:role_id',
    'DELETE /api/v1/roles/:role_id',
    'POST /api/v1/rbac/users/:user_id/roles',
    'POST /api/v1/roles/assign',
    'DELETE /api/v1/rbac/users/:user_id/roles/:role_id',
    'DELETE /api/v1/policies/roles/:role_id/unassign',
    'PUT /api/v1/users/:user_id/permissions',
    'PATCH /api/v1/users/:user_id/permissions',
    'POST /api/v1/organizations/:organization_id/roles',
    'DELETE /api/v1/organizations/:organization_id/roles/:role_id',
    'POST /api/v1/rbac/check-permission',
    'POST /api/v1/rbac/check-permissions',
    'POST /api/v1/rbac/enforce',
  ],
  'changes what applications are told to allow, or asks for it': [
    'POST /api/v1/policies',
    'POST /api/v1/policies/evaluate',
    'POST /api/v1/policies/:policy_id/evaluate',
    'PATCH /api/v1/policies/:policy_id',
    'PUT /api/v1/policies/:policy_id',
    'DELETE /api/v1/policies/:policy_id',
    'POST /api/policies',
    'POST /api/policies/evaluate',
    'POST /api/policies/:policy_id/evaluate',
    'PATCH /api/policies/:policy_id',
    'PUT /api/policies/:policy_id',
    'DELETE /api/policies/:policy_id',
  ],
  'posts to an endpoint what it gets anyway, or ends it': [
    'POST /api/v1/webhooks/verify-signature',
    'DELETE /api/v1/webhooks/:webhook_id',
    'POST /api/v1/webhooks/:webhook_id/test',
    'POST /api/v1/webhooks/:webhook_id/deliveries/:delivery_id/redeliver',
    'POST /api/v1/webhooks/:webhook_id/recover',
  ],
  'moves a session': [
    'POST /api/v1/sessions/:session_id/refresh',
    'POST /api/v1/sessions/refresh',
    'POST /api/v1/websocket/ticket',
  ],
  'says what the person agrees to': [
    'POST /api/v1/compliance/consent',
    'POST /api/v1/compliance/consent/withdraw',
    'PUT /api/v1/compliance/privacy-settings',
  ],
  'changes what a profile says': ['POST /api/v1/users/me/avatar', 'DELETE /api/v1/users/me/avatar'],
  'mails the present address': ['POST /api/v1/auth/resend-verification', 'POST /api/v1/auth/email/resend-verification'],
  "is an admin's work on others' accounts, or on the service": [
    'POST /api/v1/audit-logs/verify',
    'POST /api/audit-logs/verify',
    'POST /api/v1/compliance/reports',
    'POST /api/v1/compliance/admin/generate-report',
    'PATCH /api/v1/compliance/privacy/data-subject-requests/:id',
    'DELETE /api/v1/admin/clients/:id',
    'POST /api/v1/admin/clients',
    'POST /api/v1/localization/translations',
    'PUT /api/v1/localization/translations',
    'DELETE /api/v1/localization/translations/:locale_code/:key',
    'POST /api/v1/localization/translation-keys',
    'POST /api/v1/admin/cache/clear',
    'POST /api/v1/admin/keys/rotate',
    'POST /api/v1/admin/mails/:id/requeue',
    'POST /api/v1/admin/maintenance-mode',
    'POST /api/v1/admin/register',
    'POST /admin/register',
    'POST /api/v1/admin/users/import',
    'POST /api/v1/admin/users/:id/notifications',
    'PATCH /api/v1/admin/users/:id/role',
    'PUT /api/v1/admin/users/:id/role',
    'PUT /admin/user/role',
    'POST /api/v1/admin/users/:id/suspend',
    'POST /api/v1/admin/users/:id/unsuspend',
    'POST /api/v1/admin/users/:id/deactivate',
    'POST /api/v1/admin/users/:id/activate',
    'POST /api/v1/admin/users/:id/lock',
    'POST /api/v1/admin/users/:id/unlock',
    'POST /api/v1/admin/users/:id/restore',
    'POST /api/v1/users/:user_id/suspend',
    'POST /api/v1/users/:user_id/unsuspend',
    'POST /api/v1/users/:user_id/reactivate',
    'PUT /admin/activate-user/:user_id',
    'PUT /admin/deactivate-user/:user_id',
    'POST /admin/lock',
    'POST /admin/unlock',
  ],
  "changes what is an organization's, for those who have the rank": [
    `POST ${ORGANIZATIONS}`,
    `POST ${ORGANIZATIONS}/deactivate`,
    `POST ${ONE}/leave`,
    `DELETE ${ONE}/members/:user_id`,
  ],
  'accepts what somebody else offers, or marks what has expired': [
    ...['/api/v1/invitations', '/api/invitations'].flatMap((prefix) => [
      `POST ${prefix}/accept`,
      `POST ${prefix}/:invitation_id/accept`,
      `POST ${prefix}/invitations/:invitation_id/accept`,
      `POST ${prefix}/cleanup`,
    ]),
    `POST ${ORGANIZATIONS}/invites/accept`,
    `POST ${ORGANIZATIONS}/invitations/:token/accept`,
  ],
  'says what the caller says': ['POST /chatbot/interact'],
}

/** An endpoint copies everything that will happen; a change asks where it has another address or filter: test/features/webhooks. */
const OF_WEBHOOKS = [
  'POST /api/v1/webhooks',
  'PATCH /api/v1/webhooks/:webhook_id',
  'PUT /api/v1/webhooks/:webhook_id',
  'POST /api/v1/webhooks/:webhook_id/regenerate-secret',
]

const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
const SHOWS = /mfa|2fa|passkey|backup|export|data-subject-request\//

describe('the table of what wants a fresh factor', () => {
  const signedIn = listRoutes().filter(({ spec }) => !['public', 'custom'].includes(spec.guard.kind))
  const wanting = SENSITIVE.map(([route]) => route)

  it('has every signed-in route that changes something or shows a factor, or a reason why not', () => {
    const changing = OF_ORGANIZATIONS.filter((name) => !name.startsWith('GET '))
    const known = new Set([
      ...wanting,
      ...changing,
      ...OF_PROVIDERS,
      ...OF_WEBHOOKS,
      ...OF_PRIVACY,
      ...BEGIN_TOTP,
      ...COMPLETE,
      ...Object.values(OTHERS).flat(),
    ])
    const asked = signedIn.filter(({ method, path }) => method !== 'GET' || SHOWS.test(path)).map(nameOf)
    expect(asked.filter((name) => !known.has(name))).toEqual([])
    expect([...known].filter((name) => !asked.includes(name))).toEqual([])
  })

  it('has the routes that declare STEP_UP_REQUIRED, and no other', () => {
    const declared = signedIn.filter(({ spec }) => spec.errors?.some(({ code }) => code === 'STEP_UP_REQUIRED'))
    expect(new Set(declared.map(nameOf))).toEqual(
      new Set([...wanting, ...OF_ORGANIZATIONS, ...OF_PROVIDERS, ...OF_WEBHOOKS, ...OF_PRIVACY, ...BEGIN_TOTP]),
    )
  })
})

/** A user with TOTP and a passkey, in a fresh session of one factor. */
async function makeSubject({ isAdmin }: Sensitive): Promise<Subject> {
  const enrolled = await enrolQuickly(app)
  const passkeyId = await insertPasskey(enrolled.user.id, 'Mine')
  if (!isAdmin) return { ...enrolled, passkeyId }
  await env.DB.prepare("update users set role = 'admin' where id = ?").bind(enrolled.user.id).run()
  return { ...(await refreshUser(app, enrolled)), passkeyId }
}

const idOf = (path: string, { user }: Subject): string => (path.startsWith('/admin/') ? String(user.number) : user.id)

function ask(route: string, { body }: Sensitive, subject: Subject, given: Given): Promise<Response> {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern.replace(/:(user_)?id\b/, idOf(pattern, subject)).replace(':passkey_id', subject.passkeyId)
  return app.fetch(path, {
    method,
    headers: { ...subject.headers, 'content-type': 'application/json', 'cf-connecting-ip': newAddress() },
    body: JSON.stringify(body?.(given, subject) ?? {}),
  })
}

const REFUSED = [403, 'STEP_UP_REQUIRED']

beforeAll(async () => {
  // The last admin stays.
  await makeAdmin(app)
})

describe.each(SENSITIVE)('%s, of a user with a second factor', (route, sensitive) => {
  const { takesCode, takesPassword, setsPassword } = sensitive
  const proofs: Given[] = [...(setsPassword ? [] : [{}]), ...(takesPassword ? [{ password: PASSWORD }] : [])]
  const present = setsPassword ? { password: PASSWORD } : {}

  it('is refused in a session of one factor, fresh or with the password, and done in one that was stepped up', async () => {
    const subject = await makeSubject(sensitive)
    for (const given of proofs) expect(await outcomeOf(ask(route, sensitive, subject, given))).toEqual(REFUSED)
    const aged = await ageSession(app, subject)
    for (const given of proofs) expect(await outcomeOf(ask(route, sensitive, aged, given))).toEqual(REFUSED)
    const raised = await proveSecondFactor(app, aged)
    expect(await outcomeOf(ask(route, sensitive, aged, present))).toEqual(REFUSED)
    expect((await ask(route, sensitive, raised, present)).status).toBe(200)
  })

  if (takesCode)
    it('is done with a code in its form', async () => {
      const aged = await ageSession(app, await makeSubject(sensitive))
      const code = totpAt(aged.secret, app.clock.now)
      expect((await ask(route, sensitive, aged, { ...present, code })).status).toBe(200)
    })
})

describe.each(SENSITIVE.filter(([, { setsPassword }]) => setsPassword))('%s', (route, sensitive) => {
  it('wants the present password, however fresh the session is', async () => {
    const subject = { ...(await signUpUser(app)), secret: '', backupCodes: [], passkeyId: newUuid() }
    expect((await ask(route, sensitive, subject, {})).status).toBeGreaterThanOrEqual(400)
    expect(await outcomeOf(ask(route, sensitive, subject, { password: 'wrong password' }))).toEqual([
      400,
      'INVALID_PASSWORD',
    ])
    expect((await ask(route, sensitive, subject, { password: PASSWORD })).status).toBe(200)
  })
})

describe.each(BEGIN_TOTP)('%s', (route) => {
  const [method = '', path = ''] = route.split(' ')
  const begin = (headers: Record<string, string>, body?: unknown) =>
    app.fetch(path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })

  it('begins nothing in a session whose factors are ten minutes old, and nothing for who has a second factor', async () => {
    const aged = await ageSession(app, await signUpUser(app))
    expect([403, 422]).toContain((await begin(aged.headers)).status)
    const { headers } = await proveSecondFactor(app, await enrolQuickly(app))
    const body = method === 'GET' ? undefined : { password: PASSWORD }
    expect((await outcomeOf(begin(headers, body)))[1]).toBe('MFA_ALREADY_ENABLED')
  })
})

describe('PUT /auth/profile', () => {
  it('does not set a password with only a fresh token', async () => {
    const { headers } = await signUpUser(app)
    const answer = app.fetch('/auth/profile', {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ password: NEW }),
    })
    expect(await outcomeOf(answer)).toEqual(REFUSED)
  })
})
