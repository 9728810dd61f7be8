import * as z from 'zod'

export const Message = z.object({ message: z.string() }).meta({ id: 'AuthServiceMessage' })

export const messageToWire = (message: string): z.infer<typeof Message> => ({ message })

/** Beside what is documented: of what ended sessions, or made older access tokens stale. */
export const propagated = z.boolean().meta({
  description: 'Every isolate knows within 5 seconds. When false, delivery goes on in the background.',
})

export const Done = Message.extend({ propagated }).meta({ id: 'AuthServiceDone' })

export const doneToWire = (message: string, done: { propagated: boolean }): z.infer<typeof Done> => ({
  message,
  propagated: done.propagated,
})

/** FastAPI's, within the one envelope. */
const ValidationError = z
  .looseObject({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
  })
  .meta({ id: 'AuthServiceHTTPValidationError' })

/** What every call answers whose fields are wrong. */
export const INVALID = { 422: { description: 'Validation Error', schema: ValidationError } } as const
