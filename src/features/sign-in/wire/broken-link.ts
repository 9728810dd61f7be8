import type { Ctx } from '../../../context.ts'
import type { Page } from '../../../http/page.ts'
import { DomainError } from '../../../lib/errors.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { linkInvalid } from '../errors.ts'
import { describeLink } from '../service/link-state.ts'
import { type Asked, brokenLinkPage } from './pages.tsx'

/** The page that says what is wrong with a link, where `work` throws INVALID_TOKEN. Its frame is in the language of the link's user. */
export async function orBrokenLink<Answer>(
  ctx: Ctx,
  { purposes, token }: { readonly purposes: readonly OneTimePurpose[]; readonly token: string },
  work: (asked: Asked) => Promise<Answer>,
): Promise<Answer | Page> {
  const { locale } = await describeLink(ctx, purposes, token)
  const frame = await frameOf(ctx, locale)
  try {
    return await work({ frame, token, problem: null })
  } catch (cause) {
    if (!(cause instanceof DomainError) || cause.code !== linkInvalid.code) throw cause
    // Described once more: a racing request may have used the link.
    return brokenLinkPage(frame, token, await describeLink(ctx, purposes, token))
  }
}
