import * as z from 'zod'

const known = z.unknown().optional()

/** Any JSON object. */
export const Chatbot = z
  .looseObject(
    { user_id: known, vendor_id: known, interaction_type: known, message: known, response: known },
    'must be an object',
  )
  .meta({ id: 'AuthServiceChatbot' })
