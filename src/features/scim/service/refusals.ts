import type { DirectoryCtx } from '../../../context.ts'
import { DomainError } from '../../../lib/errors.ts'
import { SCIM_TYPES } from '../errors.ts'
import { insertLog } from '../store/log.ts'
import { always } from '../store/records.ts'
import type { Operation, ResourceType } from '../types.ts'

/** Does the work; what it was refused stands in the log, which admins of the organization read. */
export async function logged<T>(
  ctx: DirectoryCtx,
  of: {
    operation: Operation
    resourceType: ResourceType
    resourceId: string | null
    statusOf: (error: DomainError) => number
  },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof DomainError) ctx.defer(Promise.resolve(logRefusal(ctx, of, cause)))
    throw cause
  }
}

const MAX_ID = 64

const logRefusal = (
  ctx: DirectoryCtx,
  { operation, resourceType, resourceId, statusOf }: Parameters<typeof logged>[1],
  error: DomainError,
) =>
  insertLog(
    ctx,
    {
      operation,
      resourceType,
      resourceId: resourceId?.slice(0, MAX_ID) ?? null,
      status: 'error',
      httpStatus: statusOf(error),
      scimType: SCIM_TYPES[error.code] ?? null,
      detail: error.message,
    },
    always,
  )
