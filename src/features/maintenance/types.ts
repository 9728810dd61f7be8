/** Whether sign-ups and sign-ins are closed, and what is told to who comes. */
export interface Maintenance {
  readonly enabled: boolean
  readonly message: string | null
}
