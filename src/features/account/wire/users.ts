import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { PropagatedField } from '../../../http/done.ts'
import { bodyOrQuery } from '../../../http/input.ts'
import { listOf, pageOfRange, pageQuery, type Range, rangeOfPage, skipQuery } from '../../../http/list.ts'
import { DAY, SECOND } from '../../../lib/time.ts'
import { PasswordField, SignUpBody, StepUpBody, toSignUp, toStepUp } from '../../sign-in/wire/session.ts'
import type { UserPage, UserQuery } from '../../users/service/users.ts'
import { MAX_USER_NUMBER, type User, type UserRef } from '../../users/types.ts'
import {
  EmailField,
  orAbsent,
  ReasonInput,
  SEARCHED,
  StatusParam,
  textField,
  UserParam,
  UserWire,
  userToWire,
} from '../../users/wire.ts'
import { IMAGE_TYPES, type ImageKind } from '../rules.ts'
import type { ChangedProfile as Changed } from '../service/own-account.ts'
import type { SeenUser } from '../service/users.ts'
import { ChangedProfile, changedProfileToWire } from './own-account.ts'

const MAX_SEARCH_LENGTH = 254

export const UserPath = z.object({ user_id: UserParam })

const paged = pageQuery({ last: MAX_USER_NUMBER })

const searched = z.string().trim().max(MAX_SEARCH_LENGTH)
const search = orAbsent(searched).optional().meta({ description: SEARCHED })

/** Janua's pages, or users-api's `skip` and `limit` when one of these is present. */
export const UserListQuery = paged.extend({
  ...skipQuery({ last: MAX_USER_NUMBER }).shape,
  search,
  status: orAbsent(StatusParam).optional(),
})

export const UserSearchQuery = paged.extend({ q: searched.min(1).meta({ description: SEARCHED }) })

/** The requested range, and which id its form uses: users-api refers to users by number. */
interface Paging extends Range {
  readonly by: 'id' | 'number'
}

export function toPaging(query: z.output<typeof UserListQuery>): Paging {
  const { skip, limit } = query
  if (skip === undefined && limit === undefined) return { by: 'id', ...rangeOfPage(query) }
  return { by: 'number', offset: skip ?? 0, limit: limit ?? 10 }
}

export const toUserQuery = (
  { search, status }: z.output<typeof UserListQuery>,
  { offset, limit }: Range,
): UserQuery => ({
  search: search || undefined,
  status,
  offset,
  limit,
})

export const EmailQuery = z.object({ email: EmailField })

/** Sign-up's fields, and the field names that Janua's client uses here. */
export const RegistrationBody = SignUpBody.extend({
  given_name: textField(100),
  family_name: textField(100),
  display_name: textField(200),
})

export function toRegistration({ given_name, family_name, display_name, ...body }: z.output<typeof RegistrationBody>) {
  const input = toSignUp(body)
  return {
    ...input,
    firstName: input.firstName ?? given_name ?? undefined,
    lastName: input.lastName ?? family_name ?? undefined,
    displayName: display_name ?? undefined,
  }
}

/** Janua's server takes the password from the query; its client sends none. `reason` is an admin's. */
export const DeletionBody = StepUpBody.extend({
  current_password: StepUpBody.shape.password,
  ...ReasonInput.body.shape,
}).meta({ id: 'AccountDeletion' })
const DeletionInput = bodyOrQuery('DeletionPassword', { password: PasswordField })
export const DeletionQuery = DeletionInput.query.extend(ReasonInput.query.shape)

export const toFactors = (
  { current_password, reason: _, ...body }: z.output<typeof DeletionBody>,
  query: z.output<typeof DeletionQuery>,
) => toStepUp({ ...body, ...DeletionInput.merge({ password: body.password ?? current_password }, query) })

const anyId = z.union([z.uuid(), z.int()]).meta({ description: 'The UUID or the number, whichever the request used' })

/** A user whose `id` has the form that the request used; `uuid` and `number` are always present. */
export const AskedUser = UserWire.extend({ id: anyId }).meta({ id: 'AskedUser' })

export type AskedUser = z.infer<typeof AskedUser>

/** users-api refers to users by number, and its clients require a username: the address replaces a missing one. */
const usernameOf = ({ username, email }: User, ref: UserRef): string | null =>
  typeof ref === 'number' ? (username ?? email) : username

const idAndUsername = (user: User, ref: UserRef) => ({ id: ref, username: usernameOf(user, ref) })

export const askedUserToWire = (user: User, ref: UserRef): AskedUser => ({
  ...userToWire(user),
  ...idAndUsername(user, ref),
})

const SharedUser = UserWire.pick({
  uuid: true,
  email: true,
  username: true,
  first_name: true,
  last_name: true,
  name: true,
  display_name: true,
  profile_image_url: true,
})
  .extend({ id: anyId })
  .meta({ id: 'SharedUser', description: 'A user as those see them who are in an organization with them' })

export const SeenUserShape = mapped(
  z.union([AskedUser, SharedUser]),
  ({ view, user, ref }: SeenUser & { ref: UserRef }): AskedUser | z.infer<typeof SharedUser> => {
    const whole = askedUserToWire(user, ref)
    return view === 'whole' ? whole : SharedUser.parse(whole)
  },
)

export const ChangedUser = ChangedProfile.extend({ id: anyId }).meta({ id: 'ChangedUser' })

export const changedUserToWire = (changed: Changed, ref: UserRef): z.infer<typeof ChangedUser> => ({
  ...changedProfileToWire(changed),
  ...idAndUsername(changed.user, ref),
})

const listed = mapped(AskedUser, ({ user, ref }: { readonly user: User; readonly ref: UserRef }) =>
  askedUserToWire(user, ref),
)

/** Janua reads `users`, `page`, `per_page`; users-api `items`, `skip`, `limit`. */
const UserListShape = listOf(['users', 'items'], listed, {
  total: z
    .int()
    .meta({ description: 'The number of users on all pages; a search counts at most its newest 10,000 matches' }),
  page: z.int(),
  per_page: z.int(),
  skip: z.int(),
  limit: z.int(),
})

export const UserList = { ...UserListShape, schema: UserListShape.schema.meta({ id: 'UserList' }) }

export const toUserList = ({ users, total }: UserPage, { by, ...range }: Paging) => ({
  rows: users.map((user) => ({ user, ref: user[by] })),
  total,
  ...pageOfRange(range),
  skip: range.offset,
  limit: range.limit,
})

/** The same answer for a free and a taken address, so that it does not reveal who has an account. */
const RegistrationAwaited = z
  .object({ email_verification_required: z.literal(true), message: z.string() })
  .meta({ id: 'RegistrationAwaited' })

export const RegisteredUser = z.union([AskedUser, RegistrationAwaited])

export const registeredToWire = (user: User | null): z.infer<typeof RegisteredUser> =>
  user === null
    ? {
        email_verification_required: true,
        message: 'Open the link that was sent to this address, then sign in',
      }
    : askedUserToWire(user, user.number)

export const UserDone = z
  .object({
    message: z.string(),
    propagated: PropagatedField,
  })
  .meta({ id: 'UserDone' })

export const AVATAR_ENCODING = { mediaTypes: IMAGE_TYPES, formFields: ['file', 'avatar'] } as const

export const AvatarPath = z.object({ name: z.string().meta({ description: 'The name in `profile_image_url`' }) })

export const AvatarDone = UserDone.extend({ profile_image_url: z.string().nullable() }).meta({ id: 'AvatarDone' })

/** Caches, also of others, keep a picture as long after it was deleted. */
const AVATAR_SECONDS = DAY / SECOND

/** Whatever else the bytes may be, nothing of them runs: not as a page of their own, and not as another type. */
export const avatarAnswer = ({ bytes, kind }: { bytes: ArrayBuffer; kind: ImageKind }): Response =>
  new Response(bytes, {
    headers: {
      'Content-Type': kind.mediaType,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cache-Control': `public, max-age=${AVATAR_SECONDS}, immutable`,
    },
  })

export const userDoneToWire = (message: string, { propagated }: { propagated: boolean }): z.infer<typeof UserDone> => ({
  message,
  propagated,
})
