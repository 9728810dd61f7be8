const each = (prefix: string, fields: readonly string[]): readonly string[] => fields.map((one) => `${prefix}.${one}`)

// What the SDK 0.1.4 of Janua reads; `?` may be null.
const ORGANIZATION = ['id', 'name', 'slug', 'description?', 'logo_url?', 'owner_id', 'settings', 'org_metadata'].concat(
  'billing_email?',
  'billing_plan',
  'created_at',
  'updated_at',
  'member_count',
  'is_owner',
  'user_role?',
)
const MEMBER = ['user_id', 'email', 'first_name?', 'last_name?', 'display_name?', 'profile_image_url?', 'role'].concat(
  'permissions',
  'joined_at',
  'invited_by?',
)
const INVITATION = ['id', 'organization_id', 'email', 'role', 'status', 'invited_by', 'message?', 'expires_at'].concat(
  'created_at',
  'invite_url?',
  'email_sent',
)
const INVITED = ['id', 'organization_id', 'organization_name', 'email', 'role', 'permissions', 'invited_by'].concat(
  'inviter_name?',
  'status',
  'created_at',
  'expires_at',
)
const ROLE = ['id', 'organization_id', 'name', 'description?', 'permissions', 'is_system', 'created_at', 'updated_at']
const SETTINGS = ['id', 'organization_id', 'settings_data', 'created_at', 'updated_at']
const ACCEPTED = ['success', 'user_id', 'organization_id', 'message', 'is_new_user']
const VALIDITY = ['valid', 'reason?', 'email', 'organization_id', 'organization_name', 'role', 'expires_at', 'message?']

export interface SdkCall {
  readonly as?: string
  readonly request: string
  readonly body?: unknown
  /** Paths of fields in the answer. */
  readonly reads: readonly string[]
  /** What later calls name in braces: a field, or the token of the link that it holds. */
  readonly keeps?: Readonly<Record<string, string>>
}

/** In the order in which they are called; each on its own could be one of a user of the SDK. */
export const SDK_CALLS: Readonly<Record<string, SdkCall>> = {
  'organizations.createOrganization': {
    request: 'POST /organizations',
    body: { name: 'Difference Engines', slug: '{slug}' },
    reads: ORGANIZATION,
    keeps: { org: 'id' },
  },
  'organizations.listOrganizations': { request: 'GET /organizations', reads: each('0', ORGANIZATION) },
  'organizations.getOrganization': { request: 'GET /organizations/{org}', reads: ORGANIZATION },
  'organizations.getBySlug': { request: 'GET /organizations/by-slug/{slug}', reads: ORGANIZATION },
  'organizations.updateOrganization': {
    request: 'PATCH /organizations/{org}',
    body: { description: 'By steam' },
    reads: ORGANIZATION,
  },
  'organizations.update': { request: 'PUT /organizations/{org}', body: { name: 'Engines' }, reads: ORGANIZATION },
  'organizations.addMember': {
    request: 'POST /organizations/{org}/members',
    body: { user_id: '{ada.id}', role: 'member' },
    reads: MEMBER,
  },
  'organizations.listMembers': { request: 'GET /organizations/{org}/members', reads: each('1', MEMBER) },
  'organizations.getMembers': {
    request: 'GET /organizations/{org}/members?page=1&limit=10',
    reads: [...each('members.1', MEMBER), 'total'],
  },
  'organizations.updateMember': {
    request: 'PUT /organizations/{org}/members/{ada.id}',
    body: { role: 'viewer' },
    reads: MEMBER,
  },
  'organizations.updateMemberRole': {
    request: 'PUT /organizations/{org}/members/{ada.id}/role',
    body: { role: 'member' },
    reads: ['message'],
  },
  'organizations.removeMember': { request: 'DELETE /organizations/{org}/members/{ada.id}', reads: ['message'] },
  'organizations.inviteMember': {
    request: 'POST /organizations/{org}/invite',
    body: { email: '{ada.email}', role: 'member', permissions: ['reports:read'], message: 'Come' },
    reads: ['message', 'invitation_id', 'expires_at'],
    keeps: { token: 'invite_url' },
  },
  'organizations.listInvitations': {
    request: 'GET /organizations/{org}/invitations?status=pending',
    reads: each('0', INVITED),
  },
  'organizations.acceptInvitation': {
    as: 'ada',
    request: 'POST /organizations/invitations/{token}/accept',
    reads: ['message', ...each('organization', ['id', 'name', 'slug'])],
  },
  'organizations.createInvite': {
    request: 'POST /organizations/{org}/invites',
    body: { email: '{bob.email}', role: 'viewer' },
    reads: INVITED,
    keeps: { invite: 'id' },
  },
  'organizations.getInvites': {
    request: 'GET /organizations/{org}/invites',
    reads: [...each('invites.0', INVITED), 'total'],
  },
  'organizations.resendInvite': {
    request: 'POST /organizations/{org}/invites/{invite}/resend',
    reads: ['success', ...each('invite', INVITED)],
    keeps: { token: 'invite.invite_url' },
  },
  'organizations.acceptInvite': {
    as: 'bob',
    request: 'POST /organizations/invites/accept',
    body: { token: '{token}' },
    reads: [
      'success',
      ...each('organization', ['id', 'name', 'slug']),
      ...each('member', ['user_id', 'email', 'role']),
    ],
  },
  'organizations.createInvite, again': {
    request: 'POST /organizations/{org}/invites',
    body: { email: 'nobody-{slug}@example.com', role: 'viewer' },
    reads: INVITED,
    keeps: { invite: 'id' },
  },
  'organizations.cancelInvite': {
    request: 'DELETE /organizations/{org}/invites/{invite}',
    reads: ['success', 'message'],
  },
  'organizations.createCustomRole': {
    request: 'POST /organizations/{org}/roles',
    body: { name: 'Readers', description: 'Of reports', permissions: ['reports:read'] },
    reads: ROLE,
    keeps: { role: 'id' },
  },
  'organizations.listRoles': { request: 'GET /organizations/{org}/roles', reads: each('0', ROLE) },
  'organizations.deleteCustomRole': { request: 'DELETE /organizations/{org}/roles/{role}', reads: ['message'] },
  'organizations.getSettings': { request: 'GET /organizations/{org}/settings', reads: SETTINGS },
  'organizations.updateSettings': {
    request: 'PUT /organizations/{org}/settings',
    body: { settings_data: { theme: 'brass' } },
    reads: [...SETTINGS, 'settings_data.theme'],
  },
  'users.getPermissions': { request: 'GET /users/{ada.id}/permissions', reads: ['permissions'] },
  'users.updatePermissions': {
    request: 'PUT /users/{ada.id}/permissions',
    body: { permissions: ['reports:read'] },
    reads: ['permissions'],
  },
  'invitations.create': {
    request: 'POST /invitations',
    body: { organization_id: '{org}', email: '{cy.email}', role: 'member', message: 'Come', expires_in: 7 },
    reads: INVITATION,
    keeps: { invitation: 'id' },
  },
  'invitations.bulk': {
    request: 'POST /invitations/bulk',
    body: { organization_id: '{org}', emails: ['dee-{slug}@example.com', '{cy.email}'], role: 'viewer' },
    reads: [...each('successful.0', INVITATION), 'failed.0.email', 'failed.0.error', 'total_sent', 'total_failed'],
    keeps: { second: 'successful.0.id' },
  },
  'invitations.list': {
    request: 'GET /invitations?organization_id={org}&status=pending&skip=0&limit=10',
    reads: each('invitations.1', INVITATION).concat('total', 'pending_count', 'accepted_count', 'expired_count'),
  },
  'invitations.get': { request: 'GET /invitations/{invitation}', reads: INVITATION },
  'invitations.update': {
    request: 'PATCH /invitations/{invitation}',
    body: { role: 'viewer', message: 'Come soon', expires_in: 3 },
    reads: INVITATION,
  },
  'invitations.resend': {
    request: 'POST /invitations/{invitation}/resend',
    body: {},
    reads: [],
    keeps: { token: 'invite_url' },
  },
  'invitations.validateToken': { as: 'nobody', request: 'GET /invitations/validate/{token}', reads: VALIDITY },
  'invitations.accept': { as: 'cy', request: 'POST /invitations/accept', body: { token: '{token}' }, reads: ACCEPTED },
  'invitations.revoke': { request: 'DELETE /invitations/{second}', reads: [] },
  'invitations.cleanup': { as: 'admin', request: 'POST /invitations/cleanup', body: {}, reads: ['message', 'count'] },
  'organizations.transferOwnership': {
    request: 'POST /organizations/{org}/transfer-ownership',
    body: { new_owner_id: '{ada.id}' },
    reads: ['message'],
  },
  'organizations.deleteOrganization': { as: 'ada', request: 'DELETE /organizations/{org}', reads: ['message'] },
}
