/** Whose record a caller reads, and with it what of each row. */
export type View =
  /** An admin of the platform: everything. */
  | { readonly of: 'platform' }
  /** An owner or admin: the organization's rows; address and user agent where the actor has or had taken up membership. */
  | { readonly of: 'organization'; readonly organizationId: string }
  /** Anybody: the rows of their own log, and those of others that they caused, without `data`. */
  | { readonly of: 'user'; readonly userId: string }

/** What narrows the record. All of it holds at once. */
export interface RecordFilter {
  /** By or about this user. */
  readonly person?: string | undefined
  /** The row's user. */
  readonly userIds?: readonly string[] | undefined
  readonly actorId?: string | undefined
  readonly organizationId?: string | undefined
  readonly types?: readonly string[] | undefined
  readonly subject?: string | undefined
  /** Matches only addresses that the view shows. */
  readonly ip?: string | undefined
  /** Epoch milliseconds, both included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
}

/** A place in the record: of two rows with the same time the later commit is newer. */
export interface Place {
  readonly position: number
  readonly time: number
}

/** A row as it stands in the database: `data` is the text that is committed to. */
export interface RecordRow extends Place {
  readonly id: string
  readonly type: string
  readonly subject: string
  readonly userId: string | null
  readonly actorType: 'user' | 'client' | 'system'
  readonly actorId: string
  readonly sessionId: string | null
  readonly organizationId: string | null
  readonly data: string
  readonly dataSalt: string | null
  readonly ip: string | null
  readonly userAgent: string | null
  readonly originSalt: string | null
  /** The block that covers it: null before the next run of cron, 0 for a row from before the chain. */
  readonly block: number | null
}

/** What a view shows of a row. */
export interface SeenRow {
  readonly row: RecordRow
  readonly seesData: boolean
  /** Address and user agent. */
  readonly seesOrigin: boolean
  /** As far as the view knows these people, and they have an account. */
  readonly userEmail: string | null
  readonly actorEmail: string | null
}

export interface RecordPage {
  readonly rows: readonly SeenRow[]
  /** Exact up to 10,000 matches among 100,000 rows, where counting stops. */
  readonly total: number
  readonly cursor: string | null
  readonly hasMore: boolean
}
