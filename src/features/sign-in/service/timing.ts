import type { Ctx } from '../../../context.ts'
import { spellingsOf } from '../../../lib/password-hash/password-hash.ts'
import { findCostliestHashMs } from '../../factors/password/service/costly-hashes.ts'

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
  return spellings * Math.max(LEAST_MS, MARGIN * (await findCostliestHashMs(ctx)))
}

const FLOOR_MS = 400

/**
 * Answers alike whatever was found: the look-up is awaited, what follows from it is not, and the answer comes 400 ms after
 * it began. A mail that a cut isolate takes with it is asked for again by the person who waits for it.
 * Throws only what the look-up throws: an outage, which hits known and unknown alike.
 */
export async function answerAlike<T>(
  ctx: Pick<Ctx, 'now' | 'defer' | 'pause'>,
  look: () => Promise<T>,
  act: (found: T) => Promise<unknown>,
): Promise<void> {
  const began = ctx.now()
  const found = await look()
  ctx.defer(act(found))
  await ctx.pause(Math.max(0, began + FLOOR_MS - ctx.now()))
}

/**
 * Rethrows what `work` throws no sooner than `findFailureFloor` says after it began: what a failure did cannot be told from
 * its time. `typed` is the password that it was about.
 */
export async function failSlowly<T>(
  ctx: Pick<Ctx, 'db' | 'now' | 'isolate' | 'log' | 'pause'>,
  work: () => Promise<T>,
  typed: string | null = null,
): Promise<T> {
  const began = ctx.now()
  try {
    return await work()
  } catch (failure) {
    // The platform's clock stands still while code runs: what a hash took it shows after the next event alone.
    await ctx.pause(0)
    const floor = await findFailureFloor(ctx, typed)
    await ctx.pause(Math.max(0, began + floor - ctx.now()))
    throw failure
  }
}
