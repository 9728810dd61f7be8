/** The scope of what is not an organization's. */
export const PLATFORM = 'platform'

/** How much there may be. Beyond a count is 429, beyond a size 422, each with the number in `details`. */
export const LIMITS = {
  organizationsPerUser: 100,
  organizationsCreatedPerDay: 10,
  membersPerOrganization: 10_000,
  /** Memberships that were not asked for and are not taken up yet. */
  pendingMembershipsPerUser: 20,
  pendingInvitationsPerOrganization: 1000,
  customRolesPerScope: 50,
  permissionsPerRole: 100,
  customRolesPerMember: 10,
  grantsPerMember: 20,
  /** Of a member's direct grants in one scope: they stand in tokens. */
  grantBytesPerMember: 1024,
  pendingDomainsPerOrganization: 20,
  domainsPerOrganization: 100,
  settingsBytes: 16 * 1024,
  settingsDepth: 8,
} as const
