import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { configurationError } from '../../../lib/errors.ts'
import { sealText } from '../../../lib/root-keys.ts'
import { createTexts } from '../../localization/service/texts.ts'
import { checkAddress, ENQUEUE_GRACE_MS, isNotice, mailsPerWindow, WINDOW_MS } from '../rules.ts'
import { insertMail } from '../store.ts'
import type { MailContent, MailMessage, MailRequest } from '../types.ts'
import { renderMail } from './render.ts'
import { findTransport } from './transport.ts'

/** The purpose that the content of a mail is sealed for. */
export const SEALED_FOR = 'mail content'

/** An exact count for each address: an attacker must not flood somebody's mailbox. */
async function mayBeMailed(ctx: Ctx, { kind, to }: MailRequest): Promise<boolean> {
  const address = await hashSecret(to.toLowerCase())
  const subject = `mail:${kind}:${address}`
  const { allowed } = await ctx.objects
    .guard(address)
    .use({ subject, limit: mailsPerWindow(kind), windowMs: WINDOW_MS })
  return allowed
}

/** Enqueues a mail. If the queue does not accept it, its row stays queued, and the cron job enqueues it later. */
export async function enqueue(ctx: Pick<Ctx, 'queues' | 'log'>, mailId: string): Promise<void> {
  try {
    await ctx.queues.mail.send({ mailId } satisfies MailMessage)
  } catch (cause) {
    ctx.log.error('mail_not_enqueued', cause, { mail: mailId })
  }
}

async function writeMail(ctx: Ctx, { kind, to, userId }: MailRequest, content: MailContent): Promise<void> {
  const id = ctx.newId()
  await insertMail(ctx, {
    id,
    kind,
    recipient: checkAddress(to),
    userId,
    contentSealed: await sealText(ctx.config.rootKeys, SEALED_FOR, id, JSON.stringify(content)),
    status: 'queued',
    createdAt: ctx.now(),
    enqueueAt: ctx.now() + ENQUEUE_GRACE_MS,
  })
  ctx.defer(enqueue(ctx, id))
}

async function acceptMail(ctx: Ctx, request: MailRequest): Promise<void> {
  const transport = findTransport(ctx)
  if ('missing' in transport) {
    ctx.log.warn('configuration_error', { settings: transport.missing.join(', ') })
    throw configurationError()
  }
  if (!(await mayBeMailed(ctx, request))) {
    ctx.log.info('mail_limited', { kind: request.kind })
    return
  }
  const { APP_NAME: app, APP_URL, PUBLIC_URL } = ctx.config
  const texts = await createTexts(ctx, request.locale)
  await writeMail(ctx, request, renderMail(texts, { app, url: APP_URL ?? PUBLIC_URL }, request))
}

/**
 * Queues a mail, which is sent soon, with retries. Beyond the hourly limit of its kind and address it is silently dropped, so
 * that the answer reveals nothing. Throws CONFIGURATION_ERROR in a deployment that cannot send mail. Never throws for a notice,
 * because the change that it reports is committed already.
 */
export async function queueMail(ctx: Ctx, request: MailRequest): Promise<void> {
  try {
    await acceptMail(ctx, request)
  } catch (cause) {
    if (!isNotice(request.kind)) throw cause
    ctx.log.error('notice_not_queued', cause, { kind: request.kind })
  }
}
