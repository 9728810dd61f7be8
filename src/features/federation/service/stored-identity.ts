import * as z from 'zod'
import type { ProvedIdentity } from '../../factors/identities/types.ts'

/** A proved identity as one-time tokens keep it. */
export const StoredIdentity = z.object({
  provider: z.string(),
  providerLabel: z.string(),
  connectionId: z.string().nullable(),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  isEmailVerified: z.boolean(),
  speaksForEmail: z.boolean(),
  label: z.string().nullable(),
  profile: z.object({
    displayName: z.string().optional(),
    firstName: z.string().optional(),
    lastName: z.string().optional(),
  }),
}) satisfies z.ZodType<ProvedIdentity>
