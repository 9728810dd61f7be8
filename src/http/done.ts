import * as z from 'zod'
import { mapped, type Shape } from './answers.ts'

/** In every answer to a call that ends sessions or makes tokens stale. */
export const PropagatedField = z.boolean().meta({
  description: 'Every isolate knows of it within 5 seconds. When false, delivery goes on in the background.',
})

/** The answer of calls that have nothing else to say: Janua's clients read `message`, gateway-auth's all three. */
export const Done = z.object({ success: z.literal(true), message: z.string(), data: z.null() }).meta({ id: 'Done' })

export const doneToWire = (message: string): z.infer<typeof Done> => ({ success: true, message, data: null })

export const DoneAndEnded = Done.extend({ propagated: PropagatedField }).meta({ id: 'DoneAndEnded' })

export const endedToWire = (
  message: string,
  { propagated }: { propagated: boolean },
): z.infer<typeof DoneAndEnded> => ({ ...doneToWire(message), propagated })

/** Janua's answer with fields: they stand in `data` and beside it, for its clients read either. */
export const doneWith = <V, S extends z.ZodRawShape>(
  id: string,
  message: string,
  fields: Shape<V, z.ZodObject<S>>,
): Shape<V, z.ZodObject<{ success: z.ZodLiteral<true>; message: z.ZodString; data: z.ZodObject<S> } & S>> =>
  mapped(
    z
      .object({ success: z.literal(true), message: z.string(), data: fields.schema, ...fields.schema.shape })
      .meta({ id }) as never,
    (value: V) => {
      const data = fields.write(value)
      return { success: true, message, data, ...data } as never
    },
  )
