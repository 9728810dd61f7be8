import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { isSealedWithPrevious, sealText, unsealText } from '../../../lib/root-keys.ts'
import { DAY } from '../../../lib/time.ts'
import { SSO } from '../../sessions/types.ts'
import { deleteRetiredSamlKeys, insertSamlKey, selectSamlKeys, updateSamlSeal } from '../store/saml.ts'
import type { SamlKeyRow } from '../tables.ts'

const SEAL_PURPOSE = 'saml key'

const YEAR = 365 * DAY
const SIGNS_FOR_MS = 2 * YEAR
/** A key stands in our metadata so long before it signs. */
const LEAD_MS = 14 * DAY
/** A former key opens what providers encrypt that have not read our metadata since. */
const KEPT_MS = 30 * DAY
const CERTIFIED_MS = 3 * YEAR

/** Loaded with the first key. */
const making = late(() => import('../saml/own-keys.ts'))

/** A key of ours that is published. */
export interface PublishedKey {
  readonly id: string
  readonly certificate: string
  readonly signsFrom: number
  readonly privateKey: Uint8Array
}

interface Ring {
  /** The one that signs last first. */
  readonly keys: readonly PublishedKey[]
  readonly unreadable: readonly string[]
}

async function openRow({ config, log }: Ctx, row: SamlKeyRow): Promise<PublishedKey | null> {
  const { id, certificate, signsFrom } = row
  try {
    const base64 = await unsealText(config.rootKeys, SEAL_PURPOSE, id, row.privateSealed)
    return { id, certificate, signsFrom, privateKey: Uint8Array.fromBase64(base64) }
  } catch (cause) {
    log.error('saml_key_not_opened', cause, { key: id })
    return null
  }
}

async function readRing(ctx: Ctx): Promise<Ring> {
  const now = ctx.now()
  const rows = (await selectSamlKeys(ctx)).filter(
    ({ publishedUntil }) => publishedUntil === null || publishedUntil > now,
  )
  const opened = await Promise.all(rows.map((row) => openRow(ctx, row)))
  return {
    keys: opened.filter((key) => key !== null),
    unreadable: rows.flatMap(({ id }, at) => (opened[at] === null ? [id] : [])),
  }
}

/** Makes a successor of the newest key, unless another isolate has. */
async function makeKey(ctx: Ctx, { keys, unreadable }: Ring, signsFrom: number): Promise<void> {
  const { newSamlKey } = await making.load()
  const [id, now] = [ctx.newId(), ctx.now()]
  const { certificate, privateKey } = newSamlKey({
    name: new URL(ctx.config.PUBLIC_URL).hostname,
    notBefore: now - DAY,
    notAfter: signsFrom + CERTIFIED_MS,
  })
  const privateSealed = await sealText(ctx.config.rootKeys, SEAL_PURPOSE, id, privateKey.toBase64())
  const row = { id, certificate, privateSealed, createdAt: now, signsFrom, publishedUntil: null }
  const expected = { newest: keys[0]?.id ?? null, except: unreadable }
  await commitAll(ctx, insertSamlKey(ctx, row, signsFrom + KEPT_MS, expected), {
    type: 'key.created',
    subject: id,
    userId: null,
    actor: SSO,
    data: { alg: 'SAML RSA-SHA256', signs_from: signsFrom },
  })
}

/** Every key that is published, the one that signs last first. The first is made where there is none. */
export async function publishedKeys(ctx: Ctx): Promise<readonly PublishedKey[]> {
  const ring = await readRing(ctx)
  if (ring.keys.length > 0) return ring.keys
  await makeKey(ctx, ring, ctx.now())
  return (await readRing(ctx)).keys
}

/** The key that signs now. Throws SERVICE_UNAVAILABLE where no root secret opens one. */
export async function signingKey(ctx: Ctx): Promise<PublishedKey> {
  const keys = await publishedKeys(ctx)
  const key = keys.find(({ signsFrom }) => signsFrom <= ctx.now())
  if (!key) throw serviceUnavailable()
  return key
}

/** Cron: makes the next key of those that there are, and deletes those that nobody uses any more. */
export async function rotateSamlKeys(ctx: Ctx): Promise<void> {
  const ring = await readRing(ctx)
  const [newest] = ring.keys
  const now = ctx.now()
  if (newest && newest.signsFrom + SIGNS_FOR_MS - LEAD_MS <= now) await makeKey(ctx, ring, now + LEAD_MS)
  await deleteRetiredSamlKeys(ctx)
}

/** Cron: seals anew what is sealed under `ROOT_SECRET_PREVIOUS`. No key changes, so there is no event. */
export async function resealSamlKeys(ctx: Ctx): Promise<void> {
  const { rootKeys } = ctx.config
  for (const { id, privateSealed: from } of await selectSamlKeys(ctx)) {
    if (!isSealedWithPrevious(rootKeys, from)) continue
    try {
      const to = await sealText(rootKeys, SEAL_PURPOSE, id, await unsealText(rootKeys, SEAL_PURPOSE, id, from))
      await updateSamlSeal(ctx, { id, from, to })
    } catch (cause) {
      ctx.log.error('saml_key_not_resealed', cause, { key: id })
    }
  }
}
