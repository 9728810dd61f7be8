import type { Ctx } from '../../../../context.ts'
import { selectPasskeys } from '../store.ts'
import type { Passkey } from '../types.ts'

/** Newest first. */
export const listPasskeys = (ctx: Pick<Ctx, 'db'>, userId: string): Promise<Passkey[]> => selectPasskeys(ctx, userId)

export const hasPasskeys = async (ctx: Pick<Ctx, 'db'>, userId: string): Promise<boolean> =>
  (await listPasskeys(ctx, userId)).length > 0
