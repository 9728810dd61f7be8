import { type DirectoryCtx, narrow } from '../../../context.ts'
import type { Guard } from '../../../http/guard.ts'
import { statusOf } from '../../../http/render-error.ts'
import { createRoutes } from '../../../http/router.ts'
import { tokenInvalid, unauthorized } from '../../../lib/errors.ts'
import { logged } from '../service/refusals.ts'
import { findDirectory } from '../service/tokens.ts'
import type { Operation, ResourceType } from '../types.ts'
import { renderScimError } from '../wire/messages.ts'

/** The directory of an organization, by its token. */
export const directory: Guard<DirectoryCtx> = {
  kind: 'directory',
  async authenticate(ctx, request) {
    const actor = await findDirectory(ctx, request.headers.get('authorization'))
    if (actor === null) return { state: 'anonymous' }
    return actor ? { state: 'valid', actor } : { state: 'invalid', reason: 'directory' }
  },
  admit(ctx, caller) {
    if (caller.state === 'anonymous') throw unauthorized()
    if (caller.state === 'invalid' || caller.actor.type !== 'directory') throw tokenInvalid()
    return narrow(ctx, { actor: caller.actor })
  },
}

/** Both homes of the protocol: with its version, and as Janua describes it. */
export const HOMES = {
  prefix: '/api/v1/scim/v2',
  alsoAt: { prefix: '/api/v1/scim', mark: 'Unversioned' },
  surface: '/api/v1/scim',
  tag: 'scim',
  renderError: renderScimError,
  invalidIs: 400,
} as const

export const createScimRoutes = () => createRoutes({ ...HOMES, guard: directory })

/** A write whose refusal the organization's admins see. */
export const write = <T>(
  ctx: DirectoryCtx,
  of: { operation: Operation; resourceType: ResourceType; resourceId?: string },
  work: () => Promise<T>,
): Promise<T> => logged(ctx, { resourceId: null, ...of, statusOf }, work)
