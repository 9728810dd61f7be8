import type { Ctx } from '../../../context.ts'
import { sealText } from '../../../lib/root-keys.ts'
import { selectSealedBefore, updateSeal } from '../store.ts'
import { openSecret, SEAL_PURPOSE } from './codes.ts'

const FACTORS_PER_RUN = 100

/** Cron: seals anew what was sealed under `ROOT_SECRET_PREVIOUS`. No secret changes, so there is no event. */
export async function resealFactors(ctx: Ctx): Promise<number> {
  const { rootKeys } = ctx.config
  const stale = await selectSealedBefore(ctx, rootKeys.current.id, FACTORS_PER_RUN)
  for (const factor of stale) {
    const to = await sealText(rootKeys, SEAL_PURPOSE, factor.userId, await openSecret(ctx, factor))
    await updateSeal(ctx, { userId: factor.userId, from: factor.secretSealed, to })
  }
  return stale.length
}
