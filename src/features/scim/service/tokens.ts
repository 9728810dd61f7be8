import type { Ctx, DirectoryActor } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { toBase64Url } from '../../../lib/encoding.ts'
import { isTouchDue, selectDirectory, touchToken } from '../store/directories.ts'

const PREFIX = 'scim_'
const TOKEN = /^bearer +(scim_[A-Za-z0-9_-]{64})$/i
/** What is shown of a token. */
const SHOWN = 12

export const newToken = ({ random }: Pick<Ctx, 'random'>): string => PREFIX + toBase64Url(random(48))

export const shownOf = (token: string): string => token.slice(0, SHOWN)

/** The directory that has the token of an `Authorization` header; null for none, undefined for one that is not good. */
export async function findDirectory(
  ctx: Ctx,
  authorization: string | null,
): Promise<DirectoryActor | null | undefined> {
  if (authorization === null) return null
  const token = TOKEN.exec(authorization)?.[1]
  if (token === undefined) return undefined
  const found = await selectDirectory(ctx, await hashSecret(token))
  if (!found) return undefined
  const { tokenId: id, lastUsedAt, organizationId, organizationName, slug } = found
  if (isTouchDue(ctx, lastUsedAt)) ctx.defer(Promise.resolve(touchToken(ctx, id)))
  return { type: 'directory', id, organizationId, organizationName, slug }
}
