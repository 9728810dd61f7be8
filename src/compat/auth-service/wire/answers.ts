import * as z from 'zod'

export const Message = z.object({ message: z.string() }).meta({ id: 'AuthServiceMessage' })

export const messageToWire = (message: string): z.infer<typeof Message> => ({ message })

/** FastAPI's, within the one envelope. */
const ValidationError = z
  .object({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
  })
  .meta({ id: 'AuthServiceHTTPValidationError' })

/** What every call answers whose fields are wrong. */
export const INVALID = { 422: { description: 'Validation Error', schema: ValidationError } } as const
