import { createHash } from 'node:crypto'
import { toBase64Url } from '../../lib/encoding.ts'
import type { MigrationSteps } from '../migrations.ts'
import type { SocketIdentity } from '../rpc.ts'

export const TICKET_MIGRATIONS: MigrationSteps = [
  'create table tickets (hash text primary key, identity text not null, expires_at integer not null) without rowid',
]

/** Single-use tickets, each of which opens one socket. Stored as hashes: whoever reads the storage cannot use them. */
export interface Tickets {
  issue(identity: SocketIdentity, now: number, expiresAt: number): string
  /** Returns undefined for an unknown, expired or used ticket. */
  redeem(ticket: string, now: number): SocketIdentity | undefined
}

export function createTickets(sql: SqlStorage): Tickets {
  const hashOf = (ticket: string) => createHash('sha256').update(ticket).digest('base64url')
  return {
    issue(identity, now, expiresAt) {
      const ticket = toBase64Url(crypto.getRandomValues(new Uint8Array(32)))
      sql.exec('delete from tickets where expires_at <= ?', now)
      sql.exec(
        'insert into tickets (hash, identity, expires_at) values (?, ?, ?)',
        hashOf(ticket),
        JSON.stringify(identity),
        expiresAt,
      )
      return ticket
    },
    redeem(ticket, now) {
      const [row] = sql
        .exec<{ identity: string; expires_at: number }>(
          'delete from tickets where hash = ? returning identity, expires_at',
          hashOf(ticket),
        )
        .toArray()
      return row && row.expires_at > now ? (JSON.parse(row.identity) as SocketIdentity) : undefined
    },
  }
}
