import type { Ctx, UserActor } from '../../../context.ts'
import { equalSecrets } from '../../../lib/crypto.ts'
import { defineError, rateLimited } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { networkOf } from '../../../lib/network.ts'
import { hashPassword } from '../../../lib/password-hash/password-hash.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { MINUTE, SECOND } from '../../../lib/time.ts'
import { requireStrongPassword } from '../../factors/password/service/strength.ts'
import { sendVerification } from '../../sign-in/service/verification.ts'
import { beginUse, failUse, giveBackUse, reportVerdicts, tooManyAtOnce } from '../../users/service/counted-use.ts'
import { createUser, type NewUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'

/** The same error for a wrong key and for a deployment without a key. */
export const adminSecretInvalid = defineError('ADMIN_SECRET_INVALID', 'forbidden', 'The secret key is wrong or not set')

/** How many wrong keys one network may try. */
const WRONG_KEYS = { limit: 5, windowMs: 15 * MINUTE, lockMs: 15 * MINUTE }

/** Compared with the given key when no key is set, so that timing does not reveal that. */
const NO_KEY = 'no key is set'

type Names = Pick<
  NewUser,
  'email' | 'username' | 'firstName' | 'lastName' | 'displayName' | 'locale' | 'bio' | 'profileImageUrl' | 'appMetadata'
>

export interface AdminRegistration extends Names {
  readonly password: string
  /** The caller, confirmed by their session; null without one. */
  readonly actor: Pick<UserActor, 'id' | 'roles'> | null
  /** `ADMIN_SECRET_KEY`; an admin needs none. */
  readonly secretKey: string | null
}

/**
 * Creates an admin, for a caller who is an admin or has `ADMIN_SECRET_KEY`, and mails the link that verifies the
 * address. Throws ADMIN_SECRET_INVALID, RATE_LIMIT_EXCEEDED after five wrong keys, WEAK_PASSWORD, CONFLICT.
 */
export async function registerAdmin(ctx: Ctx, input: AdminRegistration): Promise<User> {
  const { password, actor: caller, secretKey, ...names } = input
  const actor = await requireRegistrar(ctx, { caller, secretKey })
  await requireStrongPassword(ctx, password, names)
  const passwordHash = await hashPassword(ctx, password)
  const user = await createUser(ctx, { ...names, passwordHash, role: 'admin', actor })
  ctx.defer(sendVerification(ctx, user))
  return user
}

/** The actor of the event: the admin, or the key. */
async function requireRegistrar(
  ctx: Ctx,
  { caller, secretKey }: { caller: AdminRegistration['actor']; secretKey: string | null },
): Promise<EventActor> {
  if (caller && isAdmin(caller)) return { type: 'user', id: caller.id }
  if (!secretKey) throw adminSecretInvalid()
  await requireSecretKey(ctx, secretKey)
  return { type: 'system', id: 'admin-secret' }
}

/** Counts the attempt before it compares the key, as for other credentials. */
async function requireSecretKey(ctx: Ctx, secretKey: string): Promise<void> {
  const network = networkOf(ctx.ip)
  const begun = await beginUse(ctx, network, { subject: `admin-secret:${network}`, ...WRONG_KEYS })
  if (!begun.allowed) {
    const { retryAfterMs, isBusy } = begun.refusal
    throw isBusy ? tooManyAtOnce(retryAfterMs) : rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) })
  }
  const key = ctx.config.ADMIN_SECRET_KEY
  const isEqual = await equalSecrets(secretKey, key ?? NO_KEY)
  if (!isEqual || key === undefined) {
    await reportVerdicts(ctx, 'failure_not_counted', [failUse(ctx, begun.use)])
    throw adminSecretInvalid()
  }
  await giveBackUse(ctx, begun.use)
}
