import * as z from 'zod'

const secret = z.string().min(1).max(512)

export const LogoutQuery = z
  .object({
    token: secret.optional().meta({ description: 'Of `slo_url`' }),
    state: secret.optional().meta({ description: 'What the provider gives back' }),
    return_url: z
      .string()
      .max(2048)
      .optional()
      .meta({ description: 'Where the browser goes in the end: an address of an allowed origin' }),
  })
  .refine(({ token, state }) => (token === undefined) !== (state === undefined), {
    error: 'one of token and state is required',
  })

export const LogoutTokenBody = z.object({ logout_token: z.string().min(1).max(16_384) })
