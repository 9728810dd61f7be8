import * as z from 'zod'
import { ok } from '../../../http/answers.ts'
import { user } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { recordInteraction } from '../service/chatbot.ts'
import { Message, messageToWire } from '../wire/answers.ts'
import { Chatbot } from '../wire/chatbot.ts'
import { renderError } from '../wording.ts'

export const protectedRoutes = createRoutes({ prefix: '', tag: 'account', renderError })

const MAX_INTERACTION_BYTES = 16 * 1024

protectedRoutes.post(
  '/chatbot/interact',
  {
    id: 'recordInteraction',
    summary: 'Publish an interaction with the chatbot to the event stream',
    isWrite: everyCall,
    guard: user,
    body: Chatbot,
    maxBodyBytes: MAX_INTERACTION_BYTES,
    answer: ok(Message, 'It is published'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await recordInteraction(ctx, body)
    return messageToWire('Chatbot interaction recorded')
  },
)

const Greeting = Message.extend({ user: z.string() }).meta({ id: 'AuthServiceProtected' })

protectedRoutes.get(
  '/protected',
  { id: 'getGreeting', summary: 'Who the caller is', guard: user, answer: ok(Greeting, 'The username') },
  ({ ctx }) => ({ message: 'You are authenticated', user: ctx.actor.username ?? ctx.actor.email }),
)
