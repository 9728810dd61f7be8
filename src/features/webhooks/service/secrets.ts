import type { Ctx } from '../../../context.ts'
import { isSealedWithPrevious, sealText, unsealText } from '../../../lib/root-keys.ts'
import { selectSealedBefore, updateSeals } from '../store.ts'
import type { WebhookRow } from '../tables.ts'

const SECRET = 'webhook secret'
const AUTHORIZATION = 'webhook authorization'

type Sealing = Pick<Ctx, 'config'>

/** 64 hex characters: their bytes are the key, as Janua's clients take it. */
export const newSecret = ({ random }: Pick<Ctx, 'random'>): string => random(32).toHex()

export const sealSecret = ({ config }: Sealing, id: string, secret: string) =>
  sealText(config.rootKeys, SECRET, id, secret)

export const sealAuthorization = async ({ config }: Sealing, id: string, value: string | null) =>
  value === null ? null : sealText(config.rootKeys, AUTHORIZATION, id, value)

/** What an endpoint's deliveries are signed with now, the newest first, and its `authorization`. */
export async function openSecrets(ctx: Sealing & Pick<Ctx, 'now'>, row: WebhookRow) {
  const { rootKeys } = ctx.config
  const open = (purpose: string, sealed: string) => unsealText(rootKeys, purpose, row.id, sealed)
  const newest = await open(SECRET, row.secretSealed)
  const isInGrace = row.formerSecretSealed !== null && (row.formerSecretUntil ?? 0) > ctx.now()
  const former = isInGrace ? [await open(SECRET, row.formerSecretSealed)] : []
  const authorization = row.authorizationSealed === null ? null : await open(AUTHORIZATION, row.authorizationSealed)
  return { secrets: [newest, ...former] as const, authorization }
}

const ROWS_PER_RUN = 50

/** Cron: reseals under the current root key what was sealed under the previous one. A row that no key opens is logged and left. */
export async function resealWebhooks(ctx: Ctx): Promise<void> {
  for (const row of await selectSealedBefore(ctx, ctx.config.rootKeys.current.id, ROWS_PER_RUN)) {
    try {
      await updateSeals(ctx, row, await resealed(ctx, row))
    } catch (cause) {
      ctx.log.error('webhook_not_resealed', cause, { webhook: row.id })
    }
  }
}

async function resealed({ config: { rootKeys } }: Sealing, row: WebhookRow) {
  const again = async (purpose: string, sealed: string) =>
    isSealedWithPrevious(rootKeys, sealed)
      ? sealText(rootKeys, purpose, row.id, await unsealText(rootKeys, purpose, row.id, sealed))
      : sealed
  return {
    secretSealed: await again(SECRET, row.secretSealed),
    formerSecretSealed: row.formerSecretSealed && (await again(SECRET, row.formerSecretSealed)),
    authorizationSealed: row.authorizationSealed && (await again(AUTHORIZATION, row.authorizationSealed)),
  }
}
