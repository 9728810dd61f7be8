import * as z from 'zod'

const Strong = z.literal('strong').optional()

export const ValidateBody = z.object({ token: z.string(), consistency: Strong }).meta({ id: 'TokenToValidate' })

/** Strict: conditions that a gateway sends to the wrong form must not be silently ignored. */
export const ValidateQuery = z.strictObject({ consistency: Strong })

const values = z.union([z.string(), z.array(z.string())]).optional()

/** For OpenAPI only: `rules/conditions.ts` parses the query and refuses unknown parameters. */
export const CheckQuery = z.looseObject({
  role: values,
  permission: values,
  org: values,
  acr: values,
  consistency: values,
  from: values,
})

export const ValidateAnswer = z
  .object({
    valid: z.boolean(),
    userId: z.int().nullable(),
    username: z.string().nullable(),
    role: z.string().nullable(),
    expirationTime: z.int().nullable(),
    errorMessage: z.string().nullable(),
  })
  .meta({ id: 'ValidatedToken' })
