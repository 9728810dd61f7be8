import * as z from 'zod'
import { oneOfEach } from '../../../http/described-input.ts'
import { PropagatedField } from '../../../http/done.ts'
import { NewPasswordField, PasswordField, StepUpBody, toStepUp } from '../../sign-in/wire/session.ts'
import {
  EmailField,
  MetadataField,
  proseField,
  textField,
  UsernameField,
  UserWire,
  userToWire,
} from '../../users/wire.ts'
import type { ChangedProfile as Changed, PasswordChange, ProfileChange } from '../service/own-account.ts'

/** Null empties a field, but leaves username and email as they are: they cannot be empty. */
export const ProfileBody = z
  .object({
    first_name: textField(100),
    last_name: textField(100),
    given_name: textField(100),
    family_name: textField(100),
    display_name: textField(200),
    bio: proseField(1000),
    phone_number: textField(20),
    timezone: textField(50),
    locale: textField(35),
    profile_image_url: z
      .url({ protocol: /^https?$/ })
      .max(500)
      .nullish(),
    user_metadata: MetadataField.nullish(),
    username: UsernameField.nullish(),
    email: EmailField.nullish(),
    current_password: StepUpBody.shape.password,
    code: StepUpBody.shape.code,
  })
  .meta({ id: 'ProfileChange' })

const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>

/** The fields of the body that are credentials. */
const CREDENTIALS: ReadonlySet<string> = new Set(['email', 'current_password', 'code'])

/** Whether the body changes more than the address. */
export const isMoreThanCredentials = (body: object): boolean =>
  Object.entries(body).some(([name, value]) => value !== undefined && !CREDENTIALS.has(name))

export function toProfileChange(body: z.output<typeof ProfileBody>): ProfileChange {
  return {
    changes: defined({
      firstName: body.first_name === undefined ? body.given_name : body.first_name,
      lastName: body.last_name === undefined ? body.family_name : body.last_name,
      displayName: body.display_name,
      bio: body.bio,
      phoneNumber: body.phone_number,
      timezone: body.timezone,
      locale: body.locale,
      profileImageUrl: body.profile_image_url,
      username: body.username ?? undefined,
      metadata: body.user_metadata ?? undefined,
    }) as ProfileChange['changes'],
    newEmail: body.email ?? null,
    password: body.current_password,
    code: body.code,
  }
}

export const ChangedProfile = UserWire.extend({
  pending_email: z.string().nullable().meta({ description: 'The new address, until its link is used' }),
  propagated: PropagatedField,
}).meta({ id: 'ChangedProfile' })

export const changedProfileToWire = (changed: Changed): z.infer<typeof ChangedProfile> => ({
  ...userToWire(changed.user),
  pending_email: changed.pendingEmail,
  propagated: changed.propagated,
})

/** Accepts the field names of both systems; `names` are those in the error about a missing field. */
const createChangeBody = (names: { current: string; next: string }) =>
  z
    .object({
      current_password: PasswordField.nullish(),
      currentPassword: PasswordField.nullish(),
      new_password: NewPasswordField.nullish(),
      newPassword: NewPasswordField.nullish(),
      code: StepUpBody.shape.code,
      credential: StepUpBody.shape.credential,
    })
    .refine((body) => body.current_password ?? body.currentPassword, { path: [names.current], message: 'is required' })
    .refine((body) => body.new_password ?? body.newPassword, { path: [names.next], message: 'is required' })
    .meta(oneOfEach(['current_password', 'currentPassword'], ['new_password', 'newPassword']))

export const ChangePasswordBody = createChangeBody({ current: 'current_password', next: 'new_password' })

/** The error names a missing field as gateway-auth's clients send it. */
export const GatewayChangePasswordBody = createChangeBody({ current: 'currentPassword', next: 'newPassword' })

export const toPasswordChange = (body: z.output<typeof ChangePasswordBody>): PasswordChange => ({
  ...toStepUp({
    password: body.current_password ?? body.currentPassword,
    code: body.code,
    credential: body.credential,
  }),
  newPassword: body.new_password ?? body.newPassword ?? '',
})
