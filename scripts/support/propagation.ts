import { setTimeout as sleep } from 'node:timers/promises'
import type { Place } from './database.ts'
import { findHolder } from './local-state.ts'
import { localOrigin } from './settings.ts'

/** Cron delivers events that are older than this: younger ones are for whoever wrote them to deliver. */
const SWEPT_AFTER_MS = 5100

/** Has a running local service deliver what was just written into its database. Returns when that takes effect, in words. */
export async function propagate(place: Place): Promise<string> {
  if (place.at === 'remote') return 'within a minute'
  const holder = await findHolder(place.persistTo)
  if (!holder) return 'from the next start on'
  await sleep(SWEPT_AFTER_MS)
  await fetch(`${localOrigin(holder.port)}/cdn-cgi/handler/scheduled`)
  return 'within 5 seconds'
}
