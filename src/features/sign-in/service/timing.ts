import type { Ctx } from '../../../context.ts'
import { spellingsOf } from '../../../lib/password-hash/password-hash.ts'
import { findCostliestHashMs } from '../../factors/password/service/costly-hashes.ts'

const LEAST_MS = 400
/** Isolates differ in speed, and a guard or the database may be slow. */
const MARGIN = 1.5

/**
 * The minimum time of a failure, in ms, the same for every user: that of the costliest stored hash for every spelling of the
 * password (null: none was given).
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
 * Answers in the same time whatever `look` finds: `act` runs in the background, and the answer comes 400 ms after the call
 * began. If the isolate ends before `act` does, the person who waits for the mail can request it again. Throws only what
 * `look` throws: an outage, which is the same for known and unknown users.
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
 * Runs `work`, and rethrows its failure no sooner than `findFailureFloor` after the start, so that the time does not reveal
 * the cause. `typed` is the password that was verified.
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
    // Workers' clock advances only at I/O: the time of the hash shows after the next event.
    await ctx.pause(0)
    const floor = await findFailureFloor(ctx, typed)
    await ctx.pause(Math.max(0, began + floor - ctx.now()))
    throw failure
  }
}
