import * as z from 'zod'

/** Of the refresh of every system, as the OpenAPI documents have it; the use case refuses a malformed key. */
export const REPEATED_REFRESH = {
  description:
    'A repeat is answered the same for 10 seconds, and with the same `Idempotency-Key` while the new access token lives. A refresh token that comes back later ends its session.',
  headers: z.object({
    'Idempotency-Key': z.string().min(1).max(255).optional().meta({
      description: 'Chosen by the client for one refresh; every repeat of it has the same',
    }),
  }),
}
