import type { Ctx } from '../../../context.ts'
import type { Frame } from '../../../lib/frame.ts'
import { type FrameSettings, frameOf } from '../../localization/service.ts'

/** The frame of the pages that people sign in on. Their texts are there in English. */
export const frameFor = (ctx: Pick<Ctx, 'acceptLanguage'> & { readonly config: FrameSettings }): Frame => ({
  ...frameOf(ctx, 'en'),
})
