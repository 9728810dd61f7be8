import * as z from 'zod'
import { integerParam } from '../../../http/input.ts'
import { toIso } from '../../../lib/time.ts'
import { describeUserAgent } from '../../../lib/user-agent.ts'
import type { SecurityAlert, SessionActivity } from '../rules.ts'

const Alert = z
  .object({
    type: z.string(),
    severity: z.enum(['low', 'medium', 'high']),
    message: z.string(),
    locations: z.array(z.string()),
    session_ids: z.array(z.uuid()),
    timestamp: z.iso.datetime(),
  })
  .meta({ id: 'SecurityAlert' })

export const AlertList = z.object({ alerts: z.array(Alert), total: z.int() })

const alertToWire = ({ sessionIds, locations, time, ...alert }: SecurityAlert): z.infer<typeof Alert> => ({
  ...alert,
  locations: [...locations],
  session_ids: [...sessionIds],
  timestamp: toIso(time),
})

export const alertsToWire = (alerts: readonly SecurityAlert[]): z.infer<typeof AlertList> => ({
  alerts: alerts.map(alertToWire),
  total: alerts.length,
})

export const ActivityQuery = z.object({ limit: integerParam(1, 50).default(20) })

const Activity = z
  .object({
    session_id: z.uuid(),
    activity_type: z.enum(['signed_in', 'session_active', 'signed_out', 'session_expired', 'session_revoked']),
    timestamp: z.iso.datetime(),
    ip_address: z.string().meta({ description: 'The address of the last use' }),
    device: z.string(),
    device_type: z.string(),
    revoked: z.boolean(),
  })
  .meta({ id: 'SessionActivity' })

export const ActivityList = z.object({
  activities: z.array(Activity),
  total: z.int().meta({ description: 'The number of all activities, also beyond `limit`' }),
})

function activityToWire({ session, type, time }: SessionActivity): z.infer<typeof Activity> {
  const { device_name: device, device_type } = describeUserAgent(session.userAgent)
  return {
    session_id: session.id,
    activity_type: type,
    timestamp: toIso(time),
    ip_address: session.ip,
    device: device ?? 'Unknown device',
    device_type: device_type ?? 'unknown',
    revoked: session.endedAt !== null,
  }
}

export const activityListToWire = ({
  activities,
  total,
}: {
  activities: readonly SessionActivity[]
  total: number
}): z.infer<typeof ActivityList> => ({ activities: activities.map(activityToWire), total })
