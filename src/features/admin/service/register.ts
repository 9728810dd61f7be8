import type { Ctx, UserActor } from '../../../context.ts'
import { equalSecrets } from '../../../lib/crypto.ts'
import { rateLimited } from '../../../lib/errors.ts'
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
import { adminSecretInvalid } from '../errors.ts'

/** Wrong keys of one network. */
const WRONG_KEYS = { limit: 5, windowMs: 15 * MINUTE, lockMs: 15 * MINUTE }

/** Compared with where no key is set, so that it takes as long; the answer is the same. */
const NO_KEY = 'no key is set'

type Names = Pick<
  NewUser,
  'email' | 'username' | 'firstName' | 'lastName' | 'displayName' | 'locale' | 'bio' | 'profileImageUrl' | 'appMetadata'
>

export interface AdminRegistration extends Names {
  readonly password: string
  /** Who asks, confirmed by their session; null for nobody. */
  readonly actor: Pick<UserActor, 'id' | 'roles'> | null
  /** `ADMIN_SECRET_KEY`, which an admin who asks needs not. */
  readonly secretKey: string | null
}

/**
 * Makes an account with the role admin, for another admin or for who has `ADMIN_SECRET_KEY`, and mails the link that
 * verifies its address. Throws ADMIN_SECRET_INVALID, RATE_LIMIT_EXCEEDED after five wrong keys, WEAK_PASSWORD, CONFLICT.
 */
export async function registerAdmin(ctx: Ctx, input: AdminRegistration): Promise<User> {
  const { password, actor: asking, secretKey, ...names } = input
  const actor = await requireRegistrar(ctx, { asking, secretKey })
  await requireStrongPassword(ctx, password, names)
  const passwordHash = await hashPassword(ctx, password)
  const user = await createUser(ctx, { ...names, passwordHash, role: 'admin', actor })
  ctx.defer(sendVerification(ctx, user))
  return user
}

/** Who the event names: the admin who asks, or the key. */
async function requireRegistrar(
  ctx: Ctx,
  { asking, secretKey }: { asking: AdminRegistration['actor']; secretKey: string | null },
): Promise<EventActor> {
  if (asking && isAdmin(asking)) return { type: 'user', id: asking.id }
  if (!secretKey) throw adminSecretInvalid()
  await requireSecretKey(ctx, secretKey)
  return { type: 'system', id: 'admin-secret' }
}

/** Counted as a credential is: before it is compared. */
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
