import * as z from 'zod'

/** Deeper than any interaction is, and far from what the stores of the event refuse to read. */
const MAX_DEPTH = 32

/** Walks no deeper than `left`: what a client sends may be nested as deep as it is long. */
const isWithin = (value: unknown, left: number): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (left > 0 && Object.values(value).every((it) => isWithin(it, left - 1)))

const known = z.unknown().optional()

/** Any JSON object. */
export const Chatbot = z
  .looseObject({ user_id: known, vendor_id: known, interaction_type: known, message: known, response: known })
  .refine((body) => isWithin(body, MAX_DEPTH), `must be nested at most ${MAX_DEPTH} deep`)
  .meta({ id: 'AuthServiceChatbot' })

export type Interaction = Readonly<Record<string, unknown>>
