/** The platform role that may do everything. */
export const ADMIN = 'admin'

export const isAdmin = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes(ADMIN)
