import type { ActorCtx, Ctx } from '../../../context.ts'
import { findIdentity, linkIdentity, listIdentities, unlinkIdentity } from '../../factors/identities/service.ts'
import type { Identity, ProvedIdentity } from '../../factors/identities/types.ts'
import { listPasskeys } from '../../factors/passkeys/service/manage.ts'
import { requireBindable } from '../../sign-in/service/current.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { countAddedFactor } from '../../users/service/notices.ts'
import type { User } from '../../users/types.ts'
import { alreadyLinked, identityTaken } from '../errors.ts'
import { isUnchanged } from '../store.ts'
import { labelOfProvider, listProviders } from './providers.ts'

/** Throws OAUTH_ALREADY_LINKED. */
async function requireUnlinked(ctx: ActorCtx, provider: string): Promise<void> {
  const held = await listIdentities(ctx, ctx.actor.id)
  if (held.some((it) => it.provider === provider && it.connectionId === null)) throw alreadyLinked({ provider })
}

/** Requires that the caller may link a provider now. Throws what `requireFreshFactor` throws, EMAIL_NOT_VERIFIED, OAUTH_ALREADY_LINKED. */
export async function requireLinkable(ctx: ActorCtx, provider: string, given: GivenFactors): Promise<void> {
  const user = await requireFreshFactor(ctx, given)
  await requireBindable(ctx, user)
  await requireUnlinked(ctx, provider)
}

/** Links what was proved to the caller's account. Throws OAUTH_ALREADY_LINKED, OAUTH_IDENTITY_TAKEN, RATE_LIMIT_EXCEEDED. */
export async function addIdentity(
  ctx: ActorCtx,
  { user, proved }: { user: User; proved: ProvedIdentity },
): Promise<void> {
  await countAddedFactor(ctx, user.id)
  if (await linkIdentity(ctx, { user, proved, when: isUnchanged(user) })) return
  const holder = await findIdentity(ctx, proved)
  if (holder && holder.userId !== user.id) throw identityTaken()
  throw alreadyLinked({ provider: proved.provider })
}

/** Throws OAUTH_NOT_LINKED, LAST_SIGN_IN_METHOD, and what `requireFreshFactor` throws. */
export async function unlinkProvider(ctx: ActorCtx, provider: string, given: GivenFactors): Promise<void> {
  const label = labelOfProvider(ctx, provider)
  await requireFreshFactor(ctx, given)
  await unlinkIdentity(ctx, { provider, label, open: namesOfOpen(ctx) })
}

const namesOfOpen = ({ config }: Pick<Ctx, 'config'>): string[] =>
  listProviders(config).flatMap(({ name, isEnabled }) => (isEnabled ? [name] : []))

export interface LinkedAccounts {
  readonly identities: readonly Identity[]
  readonly hasPassword: boolean
  readonly mfaEnabled: boolean
  readonly passkeys: number
}

/** A user's ways to sign in. */
export async function listLinkedAccounts(ctx: Ctx, user: User): Promise<LinkedAccounts> {
  const [identities, passkeys] = await Promise.all([listIdentities(ctx, user.id), listPasskeys(ctx, user.id)])
  const { passwordHash, mfaEnabled } = user
  return { identities, hasPassword: passwordHash !== null, mfaEnabled, passkeys: passkeys.length }
}
