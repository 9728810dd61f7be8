/** A machine. Times are epoch milliseconds. */
export interface Client {
  /** UUID v4: `client_id`, and `sub` of its tokens. */
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly disabledAt: number | null
}
