import { is } from 'drizzle-orm'
import { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Exported, ObjectData, OrganizationRows, Section, UserData } from './db/user-data.ts'
import { userData as avatars } from './features/account/store.ts'
import { organizationData as ofDomains } from './features/domains/store.ts'
import { userData as events } from './features/events/store.ts'
import { userData as identities } from './features/factors/identities/store.ts'
import { userData as passkeys } from './features/factors/passkeys/store.ts'
import { userData as totp } from './features/factors/totp/store.ts'
import { userData as invitations, organizationData as ofInvitations } from './features/invitations/store.ts'
import { userData as links } from './features/links/store.ts'
import { userData as mail } from './features/mail/store.ts'
import { userData as memberships, organizationData as ofMemberships } from './features/memberships/store.ts'
import { organizationData as ofPolicies, userData as policies } from './features/policies/store.ts'
import {
  organizationData as ofHolds,
  objectData as outside,
  userData as privacy,
} from './features/privacy/store/user-data.ts'
import { organizationData as ofRights, userData as rights } from './features/rbac/store.ts'
import { organizationData as ofScim, userData as scim } from './features/scim/store/records.ts'
import {
  organizationData as ofSessions,
  objectData as sessionObjects,
  userData as sessions,
} from './features/sessions/store/sessions.ts'
import { organizationData as ofSso } from './features/sso/store/connections.ts'
import { userData as users } from './features/users/store/users.ts'
import { organizationData as ofWebhooks, userData as webhooks } from './features/webhooks/store.ts'

/** What each feature holds of a user, in the order in which it is erased. The row of `users` follows, in the same batch. */
export const USER_DATA: readonly UserData[] = [
  ...mail,
  ...links,
  ...totp,
  ...passkeys,
  ...identities,
  ...sessions,
  ...rights,
  ...memberships,
  ...invitations,
  ...policies,
  ...webhooks,
  ...scim,
  ...privacy,
  ...avatars,
  ...users,
  ...events,
]

/** What each feature holds of an organization, in the order in which it is deleted in pieces. The row of `organizations` follows. */
export const ORGANIZATION_DATA: readonly OrganizationRows[] = [
  ...ofMemberships,
  ...ofInvitations,
  ...ofRights,
  ...ofPolicies,
  ...ofDomains,
  ...ofSso,
  ...ofSessions,
  ...ofWebhooks,
  ...ofScim,
  ...ofHolds,
].map((rows) => (is(rows, SQLiteColumn) ? { by: rows } : rows))

/** What stands of a user outside of the database. */
export const OBJECT_DATA: readonly ObjectData[] = [...sessionObjects, ...outside]

const isSection = (exported: Exported): exported is Section => 'pages' in exported

/** What a data export consists of. */
export const SECTIONS: readonly Section[] = [
  ...USER_DATA.map(({ exports }) => exports),
  ...OBJECT_DATA.flatMap(({ exports }) => exports),
].filter(isSection)
