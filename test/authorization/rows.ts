import type { Row } from './row.ts'
import { AUDIT_ROWS } from './rows/audit.ts'
import { AUTH_SERVICE } from './rows/auth-service.ts'
import { COMPAT } from './rows/compat.ts'
import { COMPLIANCE_ROWS } from './rows/compliance.ts'
import { CORE } from './rows/core.ts'
import { INVITATION_ROWS } from './rows/invitations.ts'
import { ORGANIZATION_ROWS } from './rows/organizations.ts'
import { POLICY_ROWS } from './rows/policies.ts'
import { PRIVACY_ROWS } from './rows/privacy.ts'
import { ROLE_ROWS } from './rows/roles.ts'
import { SCIM_ROWS } from './rows/scim.ts'
import { SSO_ROWS } from './rows/sso.ts'
import { USERS_AND_ADMIN } from './rows/users.ts'
import { WEBHOOK_ROWS } from './rows/webhooks.ts'

/** Every route of the service, one row each. Reviewed by hand. */
export const ROWS: Readonly<Record<string, Row>> = {
  ...CORE,
  ...USERS_AND_ADMIN,
  ...ORGANIZATION_ROWS,
  ...ROLE_ROWS,
  ...INVITATION_ROWS,
  ...POLICY_ROWS,
  ...SSO_ROWS,
  ...WEBHOOK_ROWS,
  ...AUDIT_ROWS,
  ...COMPLIANCE_ROWS,
  ...PRIVACY_ROWS,
  ...SCIM_ROWS,
  ...COMPAT,
  ...AUTH_SERVICE,
}
