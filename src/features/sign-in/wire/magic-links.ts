import * as z from 'zod'
import { Done, doneToWire } from '../../../http/done.ts'
import { EmailField } from '../../users/wire.ts'
import type { SendInput, SentLink } from '../service/magic-links.ts'
import { TokenBody, TokenQuery } from './recovery.ts'
import { RedirectField } from './session.ts'

export const SendBody = z
  .object({
    email: EmailField,
    redirect_url: RedirectField,
    bind: z.boolean().nullish().meta({ description: 'The link signs in only together with `binding`' }),
  })
  .meta({ id: 'MagicLinkRequest' })

export const toSend = (body: z.output<typeof SendBody>): SendInput => ({
  email: body.email,
  redirectUrl: body.redirect_url || null,
  bind: body.bind ?? false,
})

export const SentAnswer = Done.extend({
  binding: z.string().meta({
    description:
      'Keep it. A code that a person types from the page of the link signs in together with it alone; with `bind`, so does the link',
  }),
}).meta({ id: 'MagicLinkSent' })

export const sentToWire = ({ binding }: SentLink): z.infer<typeof SentAnswer> => ({
  ...doneToWire('If the address can sign in, a link is on its way'),
  binding,
})

export const VerifyBody = TokenBody.extend({ binding: z.string().max(512).nullish() })
export const VerifyQuery = TokenQuery.extend({ binding: z.string().max(512).optional() })

export const toVerify = (input: { token: string; binding?: string | null | undefined }) => ({
  token: input.token,
  binding: input.binding || null,
})
