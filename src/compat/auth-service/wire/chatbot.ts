import * as z from 'zod'

/** Any JSON object. */
export const Chatbot = z.record(z.string(), z.unknown()).meta({
  id: 'AuthServiceChatbot',
  properties: { user_id: {}, vendor_id: {}, interaction_type: {}, message: {}, response: {} },
})
