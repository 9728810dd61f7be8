import type { Ctx } from '../../../context.ts'
import { sealText, unsealText } from '../../../lib/root-keys.ts'
import { selectSealedBefore, updateSeal } from '../store/connections.ts'

/** Bound into the seal of a client's secret, together with the connection's id. */
const SEAL_PURPOSE = 'sso client secret'

const SECRETS_PER_RUN = 100

export const sealSecret = ({ config }: Pick<Ctx, 'config'>, connectionId: string, secret: string): Promise<string> =>
  sealText(config.rootKeys, SEAL_PURPOSE, connectionId, secret)

/** Throws when no root secret opens it. */
export const openSecret = ({ config }: Pick<Ctx, 'config'>, connectionId: string, sealed: string): Promise<string> =>
  unsealText(config.rootKeys, SEAL_PURPOSE, connectionId, sealed)

/** Cron: seals anew what is sealed under `ROOT_SECRET_PREVIOUS`. No secret changes, so there is no event. */
export async function resealSecrets(ctx: Ctx): Promise<void> {
  for (const { id, secretSealed: from } of await selectSealedBefore(
    ctx,
    ctx.config.rootKeys.current.id,
    SECRETS_PER_RUN,
  )) {
    try {
      const to = await sealSecret(ctx, id, await openSecret(ctx, id, from))
      await updateSeal(ctx, { id, from, to })
    } catch (cause) {
      // It is left, so that the others are resealed.
      ctx.log.error('sso_secret_not_resealed', cause, { connection: id })
    }
  }
}
