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

/** What a block is signed for, in the words of its JSON. */
export interface Head {
  readonly format: string
  /** The first block is 0; it covers no record. */
  readonly number: number
  /** Epoch milliseconds, as `pruned_before`. */
  readonly time: number
  readonly count: number
  /** The block covers the positions behind `after`, up to `last`. */
  readonly after: number
  readonly last: number
  /** SHA-256 of the hashes of its records, in hex. */
  readonly list: string
  /** SHA-256 of the head before it, in hex; null for the first. */
  readonly previous: string | null
  /** Records of blocks from before this time may have been pruned. */
  readonly pruned_before: number
  /** A head that the chain had and no longer has: the database was restored, or changed. */
  readonly lost: { readonly number: number; readonly hash: string } | null
}

export interface Block {
  readonly number: number
  readonly time: number
  readonly lastPosition: number
  readonly hash: string
  readonly head: string
  readonly kid: string
  readonly signature: string
  readonly leaves: string | null
  readonly commitments: string | null
}

/** The public key that signs blocks. */
export interface PublicAuditKey {
  readonly kid: string
  /** base64url. */
  readonly publicKey: string
  readonly createdAt: number
}

/** What is wrong with the chain or the record, and where. */
export interface Finding {
  readonly kind:
    | 'head_changed'
    | 'signature_invalid'
    | 'chain_broken'
    | 'block_missing'
    | 'head_lost'
    | 'list_changed'
    | 'record_changed'
    | 'record_inserted'
    | 'record_deleted'
    | 'record_moved'
    | 'part_changed'
    | 'part_emptied'
  readonly block: number
  /** Of the record. */
  readonly id?: string
  /** Where the record stands, or stood, in the block. */
  readonly index?: number
  readonly part?: 'data' | 'origin'
}
