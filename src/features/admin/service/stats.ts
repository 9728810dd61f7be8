import type { Ctx } from '../../../context.ts'
import { DAY, HOUR } from '../../../lib/time.ts'
import { selectStats } from '../store/stats.ts'
import type { Stats } from '../types.ts'

const HOURS_OF_DAY = 24

/** The hour that runs and the 23 before it. */
const hoursOf = (now: number): string[] =>
  Array.from({ length: HOURS_OF_DAY }, (_, back) => `sessions.opened@${Math.floor(now / HOUR) - back}`)

/**
 * Counts of the whole deployment, the same work whatever its size: triggers keep them, so nothing is scanned. `users` has
 * every row, deleted ones too until they are erased; `suspendedUsers` the administratively locked. Sessions come from the
 * record, seconds behind. `sessionsLastDay` has whole hours: between 23 and 24 of them.
 */
export async function readStats(ctx: Pick<Ctx, 'db' | 'now'>): Promise<Stats> {
  const hours = hoursOf(ctx.now())
  const names = ['sessions.opened', 'sessions.open', 'passkeys', ...hours]
  const { kinds, counts, recent } = await selectStats(ctx, { names, since: ctx.now() - DAY })
  const usersWhere = (test: (kind: (typeof kinds)[number]) => boolean): number =>
    kinds.filter(test).reduce((sum, { count }) => sum + count, 0)
  const named = (name: string): number => Math.max(0, counts.get(name) ?? 0)
  return {
    users: usersWhere(() => true),
    activeUsers: usersWhere(({ status }) => status === 'active'),
    suspendedUsers: usersWhere(({ status }) => status === 'suspended' || status === 'locked'),
    deletedUsers: usersWhere(({ status }) => status === 'deleted'),
    usersWithSecondFactor: usersWhere(({ mfaEnabled }) => mfaEnabled),
    usersLastDay: recent,
    sessionsOpened: named('sessions.opened'),
    sessionsOpen: named('sessions.open'),
    sessionsLastDay: hours.reduce((sum, hour) => sum + named(hour), 0),
    passkeys: named('passkeys'),
  }
}
