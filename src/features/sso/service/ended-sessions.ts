import type { Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import { endFederatedSessions } from '../../sessions/service/ending.ts'
import { type ProviderKey, SSO } from '../../sessions/types.ts'
import type { SsoConnection } from '../tables.ts'

/** What a provider calls a person, or its session, as they are found. */
export type Named = Omit<ProviderKey, 'connectionId'>

/** Ends what a connection opened for somebody, and records how many. Throws SERVICE_UNAVAILABLE. */
export async function endOf(
  ctx: Ctx,
  { id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>,
  named: Named,
): Promise<void> {
  const sessions = await endFederatedSessions(ctx, { connectionId: id, ...named })
  if (sessions === 0) return
  await record(ctx, {
    type: 'sso.logout',
    subject: id,
    userId: null,
    organizationId,
    actor: SSO,
    data: { sessions },
  })
}
