import type { ActorCtx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { listUserEvents } from '../../events/service.ts'
import { listOwnSessions } from '../../sessions/service/own.ts'
import {
  ALERT_TYPES,
  activitiesOf,
  alertOf,
  alertOfLocations,
  type SecurityAlert,
  type SessionActivity,
} from '../rules.ts'

const ALERTS_SHOWN_MS = 30 * DAY
const EVENTS_READ = 100

/** The caller's security alerts, newest first. The event record lags by seconds, so alerts are for display only. */
export async function listAlerts(ctx: ActorCtx): Promise<SecurityAlert[]> {
  const { id } = ctx.actor
  const [events, sessions] = await Promise.all([
    listUserEvents(ctx, id, { types: ALERT_TYPES, since: ctx.now() - ALERTS_SHOWN_MS, limit: EVENTS_READ }),
    listOwnSessions(ctx, { withEnded: false }),
  ])
  const alerts = [alertOfLocations(sessions), ...events.map(alertOf)].filter((alert) => alert !== undefined)
  return alerts.sort((a, b) => b.time - a.time)
}

/** The latest activity of the caller's sessions, ended ones included. `total` ignores `limit`. */
export async function listActivity(
  ctx: ActorCtx,
  { limit }: { limit: number },
): Promise<{ activities: SessionActivity[]; total: number }> {
  const activities = activitiesOf(await listOwnSessions(ctx, { withEnded: true }))
  return { activities: activities.slice(0, limit), total: activities.length }
}
