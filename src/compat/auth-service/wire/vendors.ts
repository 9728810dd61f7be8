import * as z from 'zod'
import type { RegistrationInput } from '../../../features/sign-in/service/sign-up.ts'
import { isProse } from '../../../features/users/service/users.ts'
import type { User } from '../../../features/users/types.ts'
import { EmailField, NameField, NewPasswordField, PasswordField } from '../../fields.ts'
import { readKept } from './kept.ts'
import { toPicture } from './users.ts'

/** Numbers of a form are text, and a field that was left empty is none. What is no number stays text, and is refused. */
function fromForm(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value.trim() === '') return null
  // In figures alone: 0x10 is a number to `Number`, and none to Pydantic.
  const number = /^[\s\d.e+-]+$/i.test(value) ? Number(value) : Number.NaN
  return Number.isNaN(number) ? value : number
}

const RatingField = z.preprocess(fromForm, z.number().nullable()).optional()

const optional = (max: number) => z.string().max(max).nullish()

export const VendorCreate = z
  .object({
    name: NameField,
    email: EmailField,
    password: NewPasswordField,
    description: z.string().max(1000).refine(isProse, 'must not have control characters').nullish(),
    profile_picture: optional(2048),
    rating: RatingField,
    preferences: optional(10_000),
  })
  .meta({ id: 'AuthServiceVendorCreate' })

export function toVendorRegistration(body: z.output<typeof VendorCreate>): RegistrationInput {
  const { profileImageUrl, kept } = toPicture(body.profile_picture)
  return {
    email: body.email,
    password: body.password,
    role: 'vendor',
    displayName: body.name,
    bio: body.description || undefined,
    profileImageUrl,
    appMetadata: {
      ...kept,
      ...(body.preferences ? { preferences: body.preferences } : {}),
      vendor: { rating: body.rating ?? null },
    },
  }
}

export const VendorLogin = z
  .object({ email: EmailField, password: PasswordField })
  .meta({ id: 'AuthServiceVendorLogin' })

export const VendorResponse = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    rating: z.number().nullable(),
  })
  .meta({ id: 'AuthServiceVendorResponse' })

export const vendorToWire = (vendor: User): z.infer<typeof VendorResponse> => ({
  id: vendor.number,
  name: vendor.displayName ?? vendor.email,
  description: vendor.bio,
  rating: readKept(vendor).vendor.rating,
})

/** As for users: what was sent, and no number. */
export const unseenVendorToWire = (body: z.output<typeof VendorCreate>): z.infer<typeof VendorResponse> => ({
  id: 0,
  name: body.name,
  description: body.description || null,
  rating: body.rating ?? null,
})
