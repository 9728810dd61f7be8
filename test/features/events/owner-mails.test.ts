import { beforeAll, describe, expect, it } from 'vitest'
import { EVENT_TYPES, findEventType } from '../../../src/features/events/types.ts'
import { linkIdentity } from '../../../src/features/factors/identities/service.ts'
import { isUnchanged } from '../../../src/features/federation/store.ts'
import { dropUnusedPasswords } from '../../../src/features/sign-in/service/unused-passwords.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { env, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { acceptedMails } from '../../support/mail.ts'
import { makeAdmin, newAddress, newEmail, PASSWORD, type SignedInUser, signUpUser } from '../../support/users.ts'
import { asking } from '../admin/support.ts'
import { addPasskey } from '../factors/passkeys/support.ts'
import { createClockedSuite, enrolQuickly, enrolUser, proveSecondFactor } from '../factors/totp/support.ts'
import { IPHONE } from '../sign-in/lock-support.ts'
import { mailedToken } from '../sign-in/mails.ts'

const app = createClockedSuite()
let ask: ReturnType<typeof asking>
beforeAll(async () => {
  ask = asking(app, await makeAdmin(app))
})

/** Types without a mail, with the reason. Maintained by hand. */
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  'the account is new, and its address is mailed a link': ['user.created'],
  'done with a mail from the mailbox': ['user.email_verified', 'user.activity_reported', 'security.sign_in_unlocked'],
  'no factor, credential, address or state': [
    'user.signed_in',
    'user.signed_out',
    'user.updated',
    'user.email_change_refused',
    'backup_code.used',
    'passkey.renamed',
    'passkey.counter_regressed',
    'notification.created',
    'chatbot.interaction',
    'audit.exported',
    'privacy.consent_given',
    'privacy.consent_withdrawn',
    'privacy.settings_changed',
  ],
  'an organization that they are in says what they are there': [
    'organization.member_added',
    'organization.member_removed',
    'organization.role_changed',
    'permissions.granted',
    'role.assigned',
    'role.unassigned',
  ],
  'no address is left': ['user.erased'],
  'all owners of the organization and all admins of the platform are mailed': ['sso.break_glass_used'],
}

it('every type of event of an account names the mail to its owner, or has a reason for none', () => {
  const ofAccounts = Object.entries(EVENT_TYPES).filter(([, { subject }]) => ['user', 'passkey'].includes(subject))
  const known = [...Object.values(UNTOLD).flat(), 'users.imported']
  expect(ofAccounts.flatMap(([type, { mail }]) => (mail ? [] : [type])).sort()).toEqual(known.sort())
})

const send = (method: string, path: string, { headers }: SignedInUser, body: unknown = {}) =>
  app.fetch(path, { ...json(body, { ...headers, 'cf-connecting-ip': newAddress() }), method })

const wrongSignIn = (email: string, address: string) =>
  app.fetch('/api/v1/auth/signin', json({ email, password: 'wrong password' }, { 'cf-connecting-ip': address }))

const byAdmin =
  (...changes: readonly string[]) =>
  async (): Promise<SignedInUser> => {
    const user = await signUpUser(app)
    for (const change of changes) expect((await ask('POST', `/users/${user.user.id}/${change}`)).status).toBe(200)
    return user
  }

async function remove(): Promise<SignedInUser> {
  const user = await signUpUser(app)
  expect((await send('DELETE', '/api/v1/users/me', user)).status).toBe(200)
  return user
}

/** As a sign-in at the provider ends: test/features/federation has the way there. */
async function linkGoogle(): Promise<SignedInUser> {
  const [ctx, signedIn] = [await app.ctx(), await signUpUser(app)]
  const user = await findUser(ctx, signedIn.user.id)
  if (!user) throw new Error('there is no such user')
  const proved = {
    provider: 'google',
    providerLabel: 'Google',
    connectionId: null,
    issuer: 'https://accounts.google.com',
    subject: user.id,
    email: user.email,
    isEmailVerified: true,
    speaksForEmail: false,
    label: null,
    profile: {},
  }
  expect(await linkIdentity(ctx, { user, proved, when: isUnchanged(user) })).toBe(true)
  return signedIn
}

/** Makes each change, idempotent ones twice, and returns the changed account. */
const CHANGES: readonly (readonly [type: string, how: string, change: () => Promise<SignedInUser>])[] = [
  [
    'user.email_changed',
    'by its user',
    async () => {
      const user = await signUpUser(app)
      const own = await mailedToken(app, user.email, '/verify-email')
      await app.fetch('/api/v1/auth/verify-email', json({ token: own }, user.headers))
      const email = newEmail()
      await send('PATCH', '/api/v1/auth/profile', user, { email })
      const token = await mailedToken(app, email, '/verify-email')
      expect((await app.fetch('/api/v1/auth/verify-email', json({ token }))).status).toBe(200)
      return user
    },
  ],
  [
    'user.password_changed',
    'by its user',
    async () => {
      const user = await signUpUser(app)
      const body = { current_password: PASSWORD, new_password: 'Another-good-passw0rd' }
      expect((await send('POST', '/api/v1/auth/password/change', user, body)).status).toBe(200)
      return user
    },
  ],
  [
    'user.password_reset',
    'by a link',
    async () => {
      const user = await signUpUser(app)
      await app.fetch('/api/v1/auth/forgot-password', json({ email: user.email }))
      const token = await mailedToken(app, user.email, '/reset-password')
      const body = { token, new_password: 'Another-good-passw0rd' }
      expect((await app.fetch('/api/v1/auth/reset-password', json(body))).status).toBe(200)
      return user
    },
  ],
  ['user.suspended', 'by an admin, twice', byAdmin('suspend', 'suspend')],
  ['user.deactivated', 'by an admin', byAdmin('deactivate')],
  ['user.locked', 'by an admin', byAdmin('lock')],
  ['user.reactivated', 'after a suspension', byAdmin('suspend', 'unsuspend')],
  ['user.reactivated', 'after a deactivation', byAdmin('deactivate', 'activate')],
  ['user.unlocked', 'by an admin, twice', byAdmin('lock', 'unlock', 'unlock')],
  ['user.deleted', 'by its user', remove],
  [
    'user.deleted',
    'by an admin',
    async () => {
      const user = await signUpUser(app)
      expect((await ask('DELETE', `/users/${user.user.id}`)).status).toBe(200)
      return user
    },
  ],
  [
    'user.restored',
    'by an admin',
    async () => {
      const user = await remove()
      expect((await ask('POST', `/users/${user.user.id}/restore`)).status).toBe(200)
      return user
    },
  ],
  ['oauth.account.linked', 'by its user', linkGoogle],
  [
    'oauth.account.unlinked',
    'by its user',
    async () => {
      const user = await linkGoogle()
      expect((await send('DELETE', '/api/v1/oauth/google/unlink', user)).status).toBe(200)
      return user
    },
  ],
  ['mfa.enabled', 'by its user', () => enrolUser(app)],
  [
    'mfa.disabled',
    'by its user',
    async () => {
      const user = await proveSecondFactor(app, await enrolQuickly(app))
      expect((await send('POST', '/api/v1/mfa/disable', user)).status).toBe(200)
      return user
    },
  ],
  [
    'mfa.disabled',
    'by an admin',
    async () => {
      const user = await enrolQuickly(app)
      expect((await ask('DELETE', `/users/${user.user.id}/mfa`)).status).toBe(200)
      return user
    },
  ],
  [
    'backup_codes.regenerated',
    'by its user',
    async () => {
      const user = await proveSecondFactor(app, await enrolQuickly(app))
      expect((await send('POST', '/api/v1/mfa/backup-codes/regenerate', user)).status).toBe(200)
      return user
    },
  ],
  ['passkey.registered', 'by its user', async () => (await addPasskey(await signUpUser(app), {}, app)).user],
  [
    'passkey.removed',
    'by its user',
    async () => {
      const { user, passkeyId } = await addPasskey(await signUpUser(app), {}, app)
      expect((await send('DELETE', `/api/v1/passkeys/${passkeyId}`, user)).status).toBe(200)
      return user
    },
  ],
  [
    'passkey.removed',
    'by an admin',
    async () => {
      const { user, passkeyId } = await addPasskey(await signUpUser(app), {}, app)
      expect((await ask('DELETE', `/users/${user.user.id}/passkeys/${passkeyId}`)).status).toBe(200)
      return user
    },
  ],
  [
    'user.password_dropped',
    'by time',
    async () => {
      const user = await signUpUser(app)
      const { id } = user.user
      await env.DB.prepare("update users set password_hash = 'pbkdf2_sha256$1$s$AAAA' where id = ?").bind(id).run()
      await env.DB.prepare('insert into dear_hashes (user_id, cost_ms, used_at) values (?, 1, 0)').bind(id).run()
      await dropUnusedPasswords(await app.ctx())
      return user
    },
  ],
  [
    'security.sign_in_locked',
    'by wrong passwords',
    async () => {
      const user = await signUpUser(app)
      const address = newAddress()
      for (let time = 0; time < 6; time += 1) await wrongSignIn(user.email, address)
      return user
    },
  ],
  [
    'security.new_device',
    'by its user',
    async () => {
      const user = await signUpUser(app)
      const { email, password } = user
      await app.fetch('/api/v1/auth/signin', json({ email, password }, { 'user-agent': IPHONE }))
      return user
    },
  ],
]

describe('a change sends the owner one mail', () => {
  it.each(CHANGES)('%s, %s', async (type, _how, change) => {
    const { email } = await change()
    await app.settled()
    const kind = findEventType(type)?.mail
    if (!kind) throw new Error('no mail')
    expect(await acceptedMails(email, kind)).toHaveLength(1)
  })

  it('is tested for each type that names a mail', () => {
    const told = Object.entries(EVENT_TYPES).flatMap(([type, { mail }]) => (mail ? [type] : []))
    expect([...new Set(CHANGES.map(([type]) => type))].sort()).toEqual(told.sort())
  })

  it('and an immediate erasure sends none, because no address is kept', async () => {
    const user = await signUpUser(app)
    expect((await ask('DELETE', `/users/${user.user.id}/force-delete`)).status).toBe(200)
    await app.settled()
    expect(await acceptedMails(user.email, 'account_deleted')).toEqual([])
    expect(await recordedOf(user.user.id, 'user.deleted')).toHaveLength(1)
  })
})
