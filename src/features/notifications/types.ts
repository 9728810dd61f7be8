/** What the service itself tells of. */
export type NoticeKind =
  | 'role_changed'
  | 'account_reactivated'
  | 'account_unlocked'
  | 'account_restored'
  | 'factor_removed'
  | 'password_changed'
  | 'new_device'

export interface Notice {
  readonly kind: string
  readonly title: string
  readonly message: string
}
