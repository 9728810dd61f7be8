import type { Ctx } from '../../../../context.ts'
import { type FactorRow, selectSealedBefore, updateSeal } from '../store.ts'
import { openFactor, sealFactor } from './codes.ts'

const FACTORS_PER_RUN = 100

/** Cron: seals anew what was sealed under `ROOT_SECRET_PREVIOUS`; returns how many. No secret changes, so there is no event. */
export async function resealFactors(ctx: Ctx): Promise<number> {
  let resealed = 0
  for (const factor of await selectSealedBefore(ctx, ctx.config.rootKeys.current.id, FACTORS_PER_RUN))
    if (await resealFactor(ctx, factor)) resealed += 1
  return resealed
}

/** A row that no known secret opens stays, and keeps no other from being sealed anew. */
async function resealFactor(ctx: Ctx, factor: FactorRow): Promise<boolean> {
  const { userId, secretSealed: from } = factor
  try {
    const to = await sealFactor(ctx, userId, await openFactor(ctx, factor))
    await updateSeal(ctx, { userId, from, to })
    return true
  } catch (cause) {
    ctx.log.error('factor_not_resealed', cause, { user_id: userId })
    return false
  }
}
