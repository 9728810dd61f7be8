import type { Ctx } from '../../../../context.ts'
import { decoysOf, isDecoy } from '../rules/decoys.ts'
import type { CredentialDescriptor } from '../types.ts'

type Configured = Pick<Ctx, 'config'>

const keyOf = ({ config }: Configured) => config.rootKeys.current.derive('passkey decoys')

/** Made-up credentials for an identifier in its normal form. */
export const makeDecoys = async (ctx: Configured, identifier: string): Promise<CredentialDescriptor[]> =>
  decoysOf(await keyOf(ctx), identifier)

/** Whether this credential id was made up here. */
export const isMadeUp = async (ctx: Configured, credentialId: string): Promise<boolean> =>
  isDecoy(await keyOf(ctx), credentialId)
