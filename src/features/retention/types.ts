/** What is kept for a number of days that admins may raise. */
export const RETENTION_KINDS = ['record', 'attempts', 'mails', 'dead_mails', 'requests', 'reports'] as const

export type RetentionKind = (typeof RETENTION_KINDS)[number]

/** Days by kind. */
export type Retention = Readonly<Record<RetentionKind, number>>

/** Ten years. */
export const MOST_DAYS = 3650
