import type { Ctx } from '../../../context.ts'
import { deleteEndedTokens } from '../store/directories.ts'
import { deleteGroups } from '../store/groups.ts'
import { deleteOldLog } from '../store/log.ts'
import { deleteRecords } from '../store/records.ts'

/** Cron: a limited number of ended tokens, of records and groups that were deleted long ago, and of old rows of the log. */
export async function pruneDirectories(ctx: Ctx): Promise<void> {
  await deleteEndedTokens(ctx)
  await deleteRecords(ctx)
  await deleteGroups(ctx)
  await deleteOldLog(ctx)
}
