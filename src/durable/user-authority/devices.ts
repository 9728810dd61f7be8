import { sha256Sync } from '../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../lib/encoding.ts'
import { describeUserAgent, deviceKindOf } from '../../lib/user-agent.ts'
import type { Caller } from '../rpc.ts'
import type { SessionRow } from './tables.ts'
import { recordEvent, type Turn } from './turn.ts'

/** The user's devices are remembered until so many others were seen after them. */
const DEVICES_KEPT = 50

/** Kind of device and country, no more: an update of the browser or another network is no new device. */
const fingerprintOf = ({ userAgent, country }: Caller): string =>
  toBase64Url(sha256Sync(utf8(JSON.stringify([...deviceKindOf(userAgent), country]))))

/**
 * Remembers the device that a session is opened from, and answers whether it is new to a user who has others. All of it is
 * what the client claims, so it decides about a notice alone.
 */
export function seeDevice({ sql, now }: Turn, caller: Caller): boolean {
  const fingerprint = fingerprintOf(caller)
  const known = sql.exec<{ fingerprint: string }>('select fingerprint from devices').toArray()
  sql.exec(
    `insert into devices (fingerprint, last_seen_at) values (?, ?)
     on conflict (fingerprint) do update set last_seen_at = excluded.last_seen_at`,
    fingerprint,
    now,
  )
  sql.exec(
    `delete from devices where fingerprint <> ? and fingerprint in
       (select fingerprint from devices order by last_seen_at desc limit -1 offset ?)`,
    fingerprint,
    DEVICES_KEPT,
  )
  return known.length > 0 && !known.some((device) => device.fingerprint === fingerprint)
}

export function recordNewDevice(turn: Turn, caller: Caller, row: SessionRow): void {
  recordEvent(turn, caller, {
    type: 'security.new_device',
    subject: turn.userId,
    actor: { type: 'user', id: turn.userId },
    sessionId: row.id,
    organizationId: row.organization_id,
    data: { ...describeUserAgent(caller.userAgent), country: row.country },
  })
}
