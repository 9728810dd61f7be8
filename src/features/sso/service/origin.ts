import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { sealText, unsealText } from '../../../lib/root-keys.ts'
import type { SessionOrigin } from '../../sessions/types.ts'

const SEAL_PURPOSE = 'federated session'

/** What an organization's provider calls a person, and its own session of them. */
const ProviderNames = z.object({
  subject: z.string(),
  session: z.string().nullable(),
  /** In SAML: what belongs to the name, which a logout repeats. */
  name: z
    .object({
      format: z.string().nullable(),
      nameQualifier: z.string().nullable(),
      spNameQualifier: z.string().nullable(),
    })
    .optional(),
})
export type ProviderNames = Readonly<z.infer<typeof ProviderNames>>

interface Named {
  readonly connectionId: string
  readonly organizationId: string
  /** The provider can be told that the session has ended. */
  readonly hasLogout: boolean
  /** The provider says that it saw two factors. */
  readonly secondFactor: boolean
}

/** Hashed to be found by, and sealed to be named again. */
export async function originOf(
  ctx: Pick<Ctx, 'config'>,
  { hasLogout, secondFactor, ...named }: Named,
  names: ProviderNames,
): Promise<SessionOrigin> {
  const { subject, session } = names
  const [subjectHash, providerSessionHash, sealed] = await Promise.all([
    hashSecret(subject),
    session === null ? null : hashSecret(session),
    sealText(ctx.config.rootKeys, SEAL_PURPOSE, named.connectionId, JSON.stringify(names)),
  ])
  return { ...named, hasLogout, secondFactor, subjectHash, providerSessionHash, sealed }
}

/** Throws when no root secret opens it. */
export const readNames = async (
  ctx: Pick<Ctx, 'config'>,
  { connectionId, sealed }: { connectionId: string; sealed: string },
): Promise<ProviderNames> =>
  ProviderNames.parse(JSON.parse(await unsealText(ctx.config.rootKeys, SEAL_PURPOSE, connectionId, sealed)))
