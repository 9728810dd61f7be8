import * as z from 'zod'
import { narrow, type PlaceCtx } from '../../../../context.ts'
import { limitOwnWrite } from '../../../../http/limits.ts'
import { answerPage } from '../../../../http/page.ts'
import { everyCall } from '../../../../http/router.ts'
import { validationFailed } from '../../../../lib/errors.ts'
import { RANKS } from '../../../../lib/roles.ts'
import { removeOwnAvatar } from '../../../account/service/avatars.ts'
import {
  beginRegistration,
  completeRegistration,
  confirmEnrolment,
  disableSecondFactor,
  makeFirstBackupCodes,
  regenerateBackupCodes,
  removePasskey,
  showPendingEnrolment,
} from '../../../account/service/factors.ts'
import { changeOwnProfile, changePassword } from '../../../account/service/own-account.ts'
import { registrationOptionsToWire } from '../../../account/wire/passkeys.ts'
import { renamePasskey } from '../../../factors/passkeys/service/manage.ts'
import { toRegistrationCredential } from '../../../factors/passkeys/wire.ts'
import { browserSecretOrNew, flowCookie } from '../../../federation/service/flow.ts'
import { unlinkProvider } from '../../../federation/service/linking.ts'
import { resendInvitation, revokeInvitation } from '../../../invitations/service/changes.ts'
import { createInvitation } from '../../../invitations/service/invitations.ts'
import { LIFETIME_DAYS } from '../../../invitations/types.ts'
import { CATALOGUE_LOCALES } from '../../../localization/service/catalogues.ts'
import { enterOrganization } from '../../../memberships/service.ts'
import { activate } from '../../../organizations/service/members.ts'
import {
  changeMemberRole,
  isPromotion,
  leaveOrganization,
  removeMember,
  transferOwnership,
} from '../../../organizations/service/membership-changes.ts'
import { askAboutData } from '../../../privacy/service/requests.ts'
import { revokeOtherSessions } from '../../../sessions/service/ending.ts'
import { revokeOwnSession } from '../../../sessions/service/own.ts'
import { AnyLengthField, MAX_CODE_LENGTH, PasswordField } from '../../../sign-in/wire/session.ts'
import { isPlainText } from '../../../users/service/users.ts'
import { EmailField, UsernameField } from '../../../users/wire.ts'
import { linkWithProvider } from '../../service/providers.ts'
import { seeOther, withCookies } from '../browser.ts'
import { deletedCookies, sessionCookies } from '../cookies.ts'
import { AttestationText } from '../credential.ts'
import { toProviderPage } from '../sign-in.tsx'
import { deletedPage } from './data.tsx'
import type { Done } from './parts.tsx'
import { authenticatorPage, backupCodesPage, newPasskeyPage } from './security.tsx'
import { ACCOUNT_HEADERS, at, pathOf, type Section, type Visit, withNextCookies } from './visit.ts'

/** A form of the account: where it stands, and what it does. */
export interface AccountForm {
  readonly section: Section
  /** Also of the page where the form stands: that of an organization is not its section's. */
  readonly pathOf: (typed: Readonly<Record<string, string>>) => string
  readonly submit: (visit: Visit, typed: Readonly<Record<string, string>>) => Promise<Response>
}

interface Described<S extends z.ZodType> {
  readonly section: Section
  readonly fields: S
  /** Answers what the next page says, or a page of its own. */
  readonly run: (visit: Visit, fields: z.output<S>) => Promise<Done | Response>
  /** Ends other sessions, and so moves the browser's to its next generation. */
  readonly movesOn?: boolean
  /** As the API's route of the same has it. */
  readonly isWrite?: (visit: Visit, fields: z.output<S>) => boolean | Promise<boolean>
}

const Organization = z.object({ organization_id: z.uuid() })

/** An organization's forms stand on its page. */
function pageOf(section: Section, typed: Readonly<Record<string, string>>): string {
  const { success, data } = Organization.safeParse(typed)
  return section === 'organizations' && success ? `/account/organizations/${data.organization_id}` : pathOf(section)
}

function form<S extends z.ZodType>({ section, fields, run, movesOn = false, isWrite }: Described<S>): AccountForm {
  return {
    section,
    pathOf: (typed) => pageOf(section, typed),
    submit: async (visit, typed) => {
      const { success, data } = fields.safeParse(typed)
      if (!success) throw validationFailed()
      if (await isWrite?.(visit, data)) limitOwnWrite(visit.ctx)
      const done = await run(visit, data)
      const path = done === 'left' ? pathOf(section) : pageOf(section, typed)
      const answer = typeof done === 'string' ? seeOther(at(visit.frame, path, { done })) : done
      return movesOn ? withNextCookies(visit, answer) : answer
    },
  }
}

const None = z.object({})
const Id = z.object({ id: z.uuid() })
const Name = z.string().trim().max(100).refine(isPlainText)
const Text = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine(isPlainText)
    .transform((text) => text || null)

const shown = (page: Parameters<typeof answerPage>[0]): Response => answerPage(page, ACCOUNT_HEADERS)

/** In the organization of the form, as an admin or more. */
const inside = async ({ ctx }: Visit, id: string, rank: 'admin' | 'owner' = 'admin'): Promise<PlaceCtx> =>
  narrow(ctx, { place: await enterOrganization(ctx, { id }, rank) })

const Member = Organization.extend({ user_id: z.uuid() })
const Invitation = Organization.extend({ id: z.uuid() })

/** By the last part of their address. */
export const FORMS = {
  profile: form({
    section: 'profile',
    fields: z.object({
      display_name: Text(200),
      first_name: Text(100),
      last_name: Text(100),
      username: z.union([z.literal('').transform(() => undefined), UsernameField]),
    }),
    isWrite: everyCall,
    run: async ({ ctx }, { display_name: displayName, first_name: firstName, last_name: lastName, username }) => {
      const changes = { displayName, firstName, lastName, ...(username !== undefined && { username }) }
      await changeOwnProfile(ctx, { changes, newEmail: null })
      return 'saved'
    },
  }),
  'remove-picture': form({
    section: 'profile',
    fields: None,
    isWrite: everyCall,
    run: async ({ ctx }) => {
      await removeOwnAvatar(ctx)
      return 'removed'
    },
  }),
  language: form({
    section: 'profile',
    fields: z.object({ locale: z.literal('').or(z.enum(CATALOGUE_LOCALES)) }),
    isWrite: everyCall,
    run: async ({ ctx, frame }, { locale }) => {
      await changeOwnProfile(ctx, { changes: { locale: locale || null }, newEmail: null })
      // In the new language, whatever the address asked for.
      return seeOther(at({ ...frame, query: '' }, '/account', { done: 'saved' }))
    },
  }),
  email: form({
    section: 'profile',
    fields: z.object({ email: EmailField }),
    run: async ({ ctx }, { email }) => {
      await changeOwnProfile(ctx, { changes: {}, newEmail: email })
      return 'mailed'
    },
  }),
  password: form({
    section: 'security',
    fields: z.object({ current_password: PasswordField.min(1), new_password: AnyLengthField }),
    movesOn: true,
    run: async ({ ctx }, { current_password: password, new_password: newPassword }) => {
      await changePassword(ctx, { password, newPassword })
      return 'password'
    },
  }),
  'start-passkey': form({
    section: 'security',
    fields: z.object({ name: Name }),
    run: async ({ ctx, frame }, { name }) => {
      const options = await beginRegistration(ctx, { attachment: null, name: name || null })
      return shown(newPasskeyPage(frame, { name, options: registrationOptionsToWire(options) }))
    },
  }),
  'add-passkey': form({
    section: 'security',
    fields: z.object({ name: Name, credential: AttestationText }),
    run: async ({ ctx }, { name, credential }) => {
      await completeRegistration(ctx, { credential: toRegistrationCredential(credential), name: name || null })
      return 'added'
    },
  }),
  'rename-passkey': form({
    section: 'security',
    fields: Id.extend({ name: Name }),
    isWrite: everyCall,
    run: async ({ ctx }, { id, name }) => {
      await renamePasskey(ctx, { id, name: name || null })
      return 'saved'
    },
  }),
  'remove-passkey': form({
    section: 'security',
    fields: Id,
    run: async ({ ctx }, { id }) => {
      await removePasskey(ctx, { id })
      return 'removed'
    },
  }),
  'start-authenticator': form({
    section: 'security',
    fields: None,
    run: async ({ ctx, frame }) => shown(authenticatorPage(frame, await showPendingEnrolment(ctx))),
  }),
  'confirm-authenticator': form({
    section: 'security',
    fields: z.object({ code: z.string().trim().max(MAX_CODE_LENGTH) }),
    run: async (visit, { code }) => {
      const { steppedUp } = await confirmEnrolment(visit.ctx, code)
      const done = 'authenticator'
      const codes = await makeFirstBackupCodes(visit.ctx)
      const answer =
        codes.length === 0
          ? seeOther(at(visit.frame, pathOf('security'), { done }))
          : shown(backupCodesPage(visit.frame, codes, { done }))
      return steppedUp
        ? withCookies(answer, sessionCookies(visit.ctx.config, steppedUp))
        : withNextCookies(visit, answer)
    },
  }),
  'remove-authenticator': form({
    section: 'security',
    fields: None,
    movesOn: true,
    run: async ({ ctx }) => {
      await disableSecondFactor(ctx, {})
      return 'removed'
    },
  }),
  'backup-codes': form({
    section: 'security',
    // The codes that the form was shown with: sent again, it would void those that were just written down.
    fields: z.object({ present: z.literal('').or(z.uuid()) }),
    run: async ({ ctx, frame }, { present }) =>
      shown(backupCodesPage(frame, (await regenerateBackupCodes(ctx, {}, present || null)).codes)),
  }),
  link: form({
    section: 'security',
    fields: z.object({ provider: z.string().max(64) }),
    run: async ({ ctx, frame, request }, { provider }) => {
      const browserSecret = browserSecretOrNew(request)
      const returnTo = `${ctx.config.PUBLIC_URL}${at(frame, '/account/linked')}`
      const { url } = await linkWithProvider(ctx, provider, { returnTo, browserSecret })
      return withCookies(shown(toProviderPage(frame, url)), [flowCookie(browserSecret)])
    },
  }),
  unlink: form({
    section: 'security',
    fields: z.object({ provider: z.string().max(64) }),
    run: async ({ ctx }, { provider }) => {
      await unlinkProvider(ctx, provider, {})
      return 'removed'
    },
  }),
  'end-session': form({
    section: 'sessions',
    fields: Id,
    run: async ({ ctx }, { id }) => {
      await revokeOwnSession(ctx, id)
      return 'ended'
    },
  }),
  'end-others': form({
    section: 'sessions',
    fields: None,
    movesOn: true,
    run: async ({ ctx }) => {
      await revokeOtherSessions(ctx)
      return 'ended'
    },
  }),
  join: form({
    section: 'organizations',
    fields: Organization,
    run: async ({ ctx }, { organization_id: id }) => {
      await activate(ctx, id)
      return 'added'
    },
  }),
  leave: form({
    section: 'organizations',
    fields: Organization,
    run: async ({ ctx }, { organization_id: id }) => {
      await leaveOrganization(ctx, id)
      return 'left'
    },
  }),
  'member-role': form({
    section: 'organizations',
    fields: Member.extend({ role: z.enum(RANKS) }),
    isWrite: async (visit, { organization_id: id, user_id: userId, role }) =>
      isPromotion(await inside(visit, id), { userId, role }),
    run: async (visit, { organization_id: id, user_id: userId, role }) => {
      await changeMemberRole(await inside(visit, id), { userId, role })
      return 'saved'
    },
  }),
  'remove-member': form({
    section: 'organizations',
    fields: Member,
    run: async (visit, { organization_id: id, user_id: userId }) => {
      await removeMember(await inside(visit, id), userId)
      return 'removed'
    },
  }),
  'hand-over': form({
    section: 'organizations',
    fields: Member,
    isWrite: everyCall,
    run: async (visit, { organization_id: id, user_id: userId }) => {
      await transferOwnership(await inside(visit, id, 'owner'), { userId })
      return 'saved'
    },
  }),
  invite: form({
    section: 'organizations',
    fields: Organization.extend({ email: EmailField, role: z.enum(RANKS) }),
    isWrite: everyCall,
    run: async (visit, { organization_id: id, email, role }) => {
      const invitation = { email, role, permissions: [], message: null, lifetimeDays: LIFETIME_DAYS.usual }
      await createInvitation(await inside(visit, id), invitation)
      return 'invited'
    },
  }),
  'resend-invitation': form({
    section: 'organizations',
    fields: Invitation,
    isWrite: everyCall,
    run: async (visit, { organization_id, id }) => {
      await resendInvitation(await inside(visit, organization_id), id)
      return 'invited'
    },
  }),
  'revoke-invitation': form({
    section: 'organizations',
    fields: Invitation,
    run: async (visit, { organization_id, id }) => {
      await revokeInvitation(await inside(visit, organization_id), id)
      return 'removed'
    },
  }),
  export: form({
    section: 'data',
    fields: None,
    isWrite: everyCall,
    run: async ({ ctx, frame }) => {
      const asked = { type: 'portability', description: null, askedFor: {}, format: 'json', given: {} } as const
      const { id } = await askAboutData(ctx, asked)
      return seeOther(at(frame, '/account/data', { export: id }))
    },
  }),
  delete: form({
    section: 'data',
    fields: z.object({ sure: z.literal('yes') }),
    run: async ({ ctx, frame }) => {
      const asked = { type: 'erasure', description: null, askedFor: {}, format: 'json', given: {} } as const
      const { isHeld } = await askAboutData(ctx, asked)
      const page = deletedPage(frame, ctx.config.DELETION_GRACE_DAYS, isHeld)
      return withCookies(shown(page), deletedCookies(ctx.config))
    },
  }),
} as const satisfies Readonly<Record<string, AccountForm>>
