import * as z from 'zod'
import { PropagatedField } from '../../../http/propagated.ts'

export const Message = z.object({ message: z.string() }).meta({ id: 'AuthServiceMessage' })

export const messageToWire = (message: string): z.infer<typeof Message> => ({ message })

/** `propagated` stands beside what is documented. */
export const Done = Message.extend({ propagated: PropagatedField }).meta({ id: 'AuthServiceDone' })

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
