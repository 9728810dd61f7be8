/** What an object's outbox has set aside, without its content. */
export interface DeadLetter {
  readonly id: string
  /** Whose object it is of; null is the `platform` hub's. */
  readonly userId: string | null
  readonly destination: string
  readonly attempts: number
  /** When it was set aside. Epoch milliseconds. */
  readonly createdAt: number
}
