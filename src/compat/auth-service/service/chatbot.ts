import type { ActorCtx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'

const KNOWN: readonly string[] = ['user_id', 'vendor_id', 'interaction_type', 'message', 'response']

/** Puts an interaction into the event stream. Its own `user_id` is what the client says; who says it is the actor. */
export async function recordInteraction(ctx: ActorCtx, interaction: Readonly<Record<string, unknown>>): Promise<void> {
  const fields = Object.entries(interaction)
  const known = fields.filter(([name]) => KNOWN.includes(name))
  const rest = fields.filter(([name]) => !KNOWN.includes(name))
  const { id, sessionId } = ctx.actor
  await record(ctx, {
    type: 'chatbot.interaction',
    subject: id,
    userId: id,
    actor: { type: 'user', id },
    sessionId,
    data: { ...Object.fromEntries(known), ...(rest.length > 0 ? { other: Object.fromEntries(rest) } : {}) },
  })
}
