import type { Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { SSO } from '../../sessions/types.ts'
import { updateChecked } from '../store/connections.ts'
import type { SsoConnection } from '../tables.ts'
import { METADATA_READ_EVERY_MS } from './configurations.ts'
import { mailOwners, type Told } from './notices.ts'

/** What is recorded of a change that nobody made but the provider. */
export const updatedBySystem = ({ id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>) => ({
  type: 'sso.configuration.updated' as const,
  subject: id,
  userId: null,
  organizationId,
  actor: SSO,
})

/** Puts a connection whose metadata have become somebody else's in error, until an owner confirms them. */
export async function setAside(ctx: Ctx, connection: SsoConnection, organization: Told['organization']): Promise<void> {
  const { version, issuer, error } = connection
  if (error !== null) return
  const set = { error: 'issuer_changed', version: version + 1, checkAt: ctx.now() + METADATA_READ_EVERY_MS } as const
  const [changed] = await commit(ctx, updateChecked(ctx, connection, set), {
    ...updatedBySystem(connection),
    data: { before: { error }, after: { error: set.error }, reason: 'metadata' },
  })
  if (changed) mailOwners(ctx, { organization, change: 'issuer_changed', about: issuer })
}
