import type { ActorCtx, Ctx } from '../../../../context.ts'
import { commitAll } from '../../../../db/commit.ts'
import { toBase64Url } from '../../../../lib/encoding.ts'
import { deriveWithSalt } from '../../../../lib/password-hash/password-hash.ts'
import { formatTypedCode, newTypedCode } from '../../../../lib/typed-code.ts'
import { notifyOwner } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { backupCodesReplaced, mfaNotEnabled } from '../errors.ts'
import { BACKUP_CODES, hintOf } from '../rules.ts'
import {
  deleteBackupCodes,
  insertBackupCodes,
  lacksCodes,
  mayReplaceCodes,
  type NewBackupCode,
  selectBackupCodes,
} from '../store.ts'
import type { BackupCode } from '../types.ts'

const SALT_BYTES = 16

/** Ten codes to show once, and the rows to store: argon2id with one salt for the set. */
export async function makeBackupCodes(ctx: Ctx): Promise<{ codes: string[]; rows: NewBackupCode[] }> {
  const codes = Array.from({ length: BACKUP_CODES }, () => newTypedCode((length) => ctx.random(length)))
  const salt = ctx.random(SALT_BYTES)
  const rows: NewBackupCode[] = []
  for (const code of codes) {
    const codeHash = toBase64Url(await deriveWithSalt(ctx, code, salt))
    rows.push({ id: ctx.newId(), salt: toBase64Url(salt), codeHash, hint: hintOf(code) })
  }
  return { codes: codes.map(formatTypedCode), rows }
}

/** In the order in which they were shown. They are valid while the second factor is on. */
export const listBackupCodesOf = (ctx: Ctx, userId: string): Promise<BackupCode[]> => selectBackupCodes(ctx, userId)

export const countUnused = (codes: readonly BackupCode[]): number =>
  codes.filter(({ usedAt }) => usedAt === null).length

/** Ten codes where there are none, else none. */
export async function insertFirstBackupCodes(ctx: Ctx, userId: string): Promise<readonly string[]> {
  const { codes, rows } = await makeBackupCodes(ctx)
  const inserted = await insertBackupCodes(ctx, { userId, rows }, lacksCodes(userId))
  return inserted.length > 0 ? codes : []
}

/**
 * Ten new codes; the old ones are void. With `present`, which names the old ones (null: none), throws BACKUP_CODES_REPLACED where
 * there are others. Throws MFA_NOT_ENABLED.
 */
export async function replaceBackupCodes(
  ctx: ActorCtx,
  user: User,
  present?: string | null,
): Promise<{ codes: readonly string[]; generatedAt: number }> {
  const { id: userId } = user
  const { codes, rows } = await makeBackupCodes(ctx)
  const inserted = await commitAll(
    ctx,
    [
      deleteBackupCodes(ctx, userId, mayReplaceCodes(userId, present)),
      insertBackupCodes(ctx, { userId, rows }, lacksCodes(userId)),
    ],
    {
      type: 'backup_codes.regenerated',
      subject: userId,
      userId,
      actor: { type: 'user', id: userId },
      sessionId: ctx.actor.sessionId,
    },
  )
  if (inserted.length === 0) throw present === undefined ? mfaNotEnabled() : backupCodesReplaced()
  notifyOwner(ctx, user, { kind: 'backup_codes_replaced', params: {} })
  return { codes, generatedAt: ctx.now() }
}
