import { sha256Sync } from '../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../lib/encoding.ts'
import type { Device } from '../../lib/user-agent.ts'
import type { Caller } from '../rpc.ts'
import type { SessionRow } from './tables.ts'
import { recordEvent, type Transaction } from './transaction.ts'

/** How many of a user's devices are remembered; the one not seen for longest is deleted first. */
const DEVICES_KEPT = 50

/** Kind of device and country only, so that an updated browser or another network is not a new device. */
const fingerprintOf = ({ kind }: Device, { country }: Caller): string =>
  toBase64Url(sha256Sync(utf8(JSON.stringify([...kind, country]))))

/**
 * Remembers the device that a session is opened from. True when it is new and the user has other devices. The client could
 * lie about all of it, so it only decides whether a notice is sent.
 */
export function rememberDevice({ sql, now }: Transaction, device: Device, caller: Caller): boolean {
  const fingerprint = fingerprintOf(device, caller)
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
  return known.length > 0 && !known.some((one) => one.fingerprint === fingerprint)
}

export function recordNewDevice(tx: Transaction, { description }: Device, caller: Caller, row: SessionRow): void {
  recordEvent(tx, caller, {
    type: 'security.new_device',
    subject: tx.userId,
    actor: { type: 'user', id: tx.userId },
    sessionId: row.id,
    organizationId: row.organization_id,
    data: { ...description, country: row.country },
  })
}
