import type { Ctx } from '../../../context.ts'

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
