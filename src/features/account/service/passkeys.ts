import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import type { ActorCtx } from '../../../context.ts'
import { deleteOwnPasskey } from '../../factors/passkeys/service/manage.ts'
import {
  addPasskey,
  makeRegistrationOptions,
  type RegistrationRequest,
} from '../../factors/passkeys/service/register.ts'
import type { Passkey, RegistrationCredential } from '../../factors/passkeys/types.ts'
import { getBindingUser, requireBindable } from '../../sign-in/service/current.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'

/** Begins to add a passkey, as `makeRegistrationOptions` does. Throws EMAIL_NOT_VERIFIED, and what `requireFreshFactor` throws. */
export async function beginRegistration(
  ctx: ActorCtx,
  { attachment, name, ...given }: RegistrationRequest & GivenFactors,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const user = await requireFreshFactor(ctx, given)
  await requireBindable(ctx, user)
  return makeRegistrationOptions(ctx, user, { attachment, name })
}

/** Adds the passkey, as `addPasskey` does. Throws EMAIL_NOT_VERIFIED: the fresh factor was proved at the beginning. */
export async function completeRegistration(
  ctx: ActorCtx,
  input: { credential: RegistrationCredential; name: string | null },
): Promise<Passkey> {
  await getBindingUser(ctx)
  return addPasskey(ctx, input)
}

/** Throws PASSKEY_NOT_FOUND, and what `requireFreshFactor` throws. */
export async function removePasskey(ctx: ActorCtx, { id, ...given }: { id: string } & GivenFactors): Promise<void> {
  await requireFreshFactor(ctx, given)
  await deleteOwnPasskey(ctx, id)
}
