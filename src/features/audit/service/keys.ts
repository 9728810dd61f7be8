import type { Ctx } from '../../../context.ts'
import { generateAuditKey, openAuditKey, resealAuditKey } from '../rules/signing.ts'
import { insertKey, selectKeys, updateSeal } from '../store/chain.ts'
import type { AuditKey } from '../tables.ts'
import type { PublicAuditKey } from '../types.ts'

type Keeping = Pick<Ctx, 'db' | 'now' | 'config' | 'log'>

/** Every key that has signed a block, newest first. */
export const listAuditKeys = async (ctx: Pick<Ctx, 'db'>): Promise<PublicAuditKey[]> =>
  (await selectKeys(ctx)).map(({ kid, publicKey, createdAt }) => ({ kid, publicKey, createdAt }))

async function open(ctx: Keeping, key: AuditKey): Promise<CryptoKey | null> {
  const { rootKeys } = ctx.config
  try {
    const opened = await openAuditKey(rootKeys, key)
    const resealed = await resealAuditKey(rootKeys, key)
    if (resealed !== null) await updateSeal(ctx, key, resealed)
    return opened
  } catch (cause) {
    ctx.log.error('audit_key_unreadable', cause, { kid: key.kid })
    return null
  }
}

/** The key that signs blocks: the newest, or a new one where no root secret opens that. Reseals it after a change of ROOT_SECRET. */
export async function loadAuditKey(ctx: Keeping): Promise<{ kid: string; privateKey: CryptoKey }> {
  const [newest] = await selectKeys(ctx)
  const opened = newest && (await open(ctx, newest))
  if (opened) return { kid: newest.kid, privateKey: opened }
  const made = await generateAuditKey(ctx.config.rootKeys)
  await insertKey(ctx, { ...made, createdAt: ctx.now() })
  return { kid: made.kid, privateKey: await openAuditKey(ctx.config.rootKeys, made) }
}
