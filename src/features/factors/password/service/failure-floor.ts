import type { Ctx } from '../../../../context.ts'
import { spellingsOf } from '../../../../lib/password-hash/password-hash.ts'
import { findDearestHashMs } from './dear-hashes.ts'

const LEAST_MS = 400
/** Half as much again: isolates differ in speed, and a guard or the database may be slow. */
const MARGIN = 1.5

/**
 * How long a failure takes at least, in ms, whoever it was about: as long as the dearest kind of hash that is stored takes
 * with every spelling of what was typed (null: nothing was).
 */
export async function findFailureFloor(
  ctx: Pick<Ctx, 'db' | 'now' | 'isolate' | 'log'>,
  typed: string | null,
): Promise<number> {
  const spellings = typed === null ? 1 : spellingsOf(typed).length
  return spellings * Math.max(LEAST_MS, MARGIN * (await findDearestHashMs(ctx)))
}
