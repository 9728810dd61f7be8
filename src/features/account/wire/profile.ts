import * as z from 'zod'
import { PropagatedField } from '../../../http/propagated.ts'
import { StepUpBody } from '../../sign-in/wire/session.ts'
import { EmailField, proseField, textField, UsernameField, UserWire, userToWire } from '../../users/wire/user.ts'
import type { ChangedProfile as Changed, OwnProfileChange } from '../service/own-profile.ts'

const MAX_METADATA_CHARACTERS = 10_000

/** Null empties a field; username and email cannot be emptied, so null leaves them. */
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
    user_metadata: z
      .record(z.string(), z.unknown())
      .refine((value) => JSON.stringify(value).length <= MAX_METADATA_CHARACTERS, 'must have at most 10,000 characters')
      .nullish(),
    username: UsernameField.nullish(),
    email: EmailField.nullish(),
    current_password: StepUpBody.shape.password,
    code: StepUpBody.shape.code,
  })
  .meta({ id: 'ProfileChange' })

const defined = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>

/** What of a profile's body is a credential, or proves who asks. */
const CREDENTIALS: ReadonlySet<string> = new Set(['email', 'current_password', 'code'])

/** Whether more is to be changed than the address or the password. */
export const isMoreThanCredentials = (body: object): boolean =>
  Object.entries(body).some(([name, value]) => value !== undefined && !CREDENTIALS.has(name))

export function toProfileChange(body: z.output<typeof ProfileBody>): OwnProfileChange {
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
    }) as OwnProfileChange['changes'],
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
