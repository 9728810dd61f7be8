/** The object's tables, all of them erased with the user: the columns that a data export has, or why it has none. */
export const CONTENTS = {
  sessions: {
    shows: [
      'id',
      'client_id',
      'opened_at',
      'last_active_at',
      'idle_expires_at',
      'absolute_expires_at',
      'ip',
      'country',
      'user_agent',
      'amr',
      'auth_time',
      'second_factor_at',
      'organization_id',
      'ended_at',
      'end_reason',
    ],
  },
  advances: { shows: ['session_id', 'at', 'ip', 'network'] },
  devices: { shows: ['fingerprint', 'last_seen_at'] },
  state: { withheld: 'versions and counters of the service' },
  event_log: { withheld: 'the section `record` has it' },
  event_log_ids: { withheld: 'the section `record` has it' },
  tickets: { withheld: 'each opens a socket, within seconds' },
  outbox: { withheld: 'events on their way to the record' },
  webhooks: { withheld: 'the section `webhook_endpoints` has them' },
} as const satisfies Readonly<Record<string, { readonly shows: readonly string[] } | { readonly withheld: string }>>

export type ShownTable = {
  [K in keyof typeof CONTENTS]: (typeof CONTENTS)[K] extends { readonly shows: readonly string[] } ? K : never
}[keyof typeof CONTENTS]
