/** The platform role that may do everything. */
export const ADMIN = 'admin'

export const isAdmin = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes(ADMIN)

/** Roles in an organization, each with the rights of those before it. */
export const RANKS = ['viewer', 'member', 'admin', 'owner'] as const

export type Rank = (typeof RANKS)[number]

/** Whether the rank, null for none, has the rights of `needed`. */
export const isRanked = (rank: Rank | null, needed: Rank): boolean =>
  rank !== null && RANKS.indexOf(rank) >= RANKS.indexOf(needed)

export const ranksFrom = (least: Rank): readonly Rank[] => RANKS.slice(RANKS.indexOf(least))

export const ranksUpTo = (most: Rank): readonly Rank[] => RANKS.slice(0, RANKS.indexOf(most) + 1)

/** A role that this release does not know counts as the lowest. */
export const toRank = (role: string): Rank => RANKS.find((known) => known === role) ?? 'viewer'
