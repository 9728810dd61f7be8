import * as z from 'zod'
import type { User } from '../../../features/users/types.ts'

const text = z.string().nullable().catch(null)

/** What this system keeps of a user in `appMetadata`. Admins write there too: what has another form counts as absent. */
const Kept = z.object({
  preferences: text,
  profile_picture: text,
  vendor: z.object({ rating: z.number().nullable().catch(null) }).catch({ rating: null }),
})

export const readKept = ({ appMetadata }: User): z.infer<typeof Kept> => Kept.parse(appMetadata)

/** The form that the user's own profile has for it. */
const PictureAddress = z.url({ protocol: /^https?$/ }).max(500)

export const isPictureAddress = (text: string): boolean => PictureAddress.safeParse(text).success
