import type { Ctx } from '../../../context.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import { settleIdentity } from './accounts.ts'
import type { Arrived, Destination, Way } from './callback.ts'
import { askByCode, type CallbackInput, requireIdentity, requireScript } from './code-answer.ts'
import type { Flow } from './flow.ts'
import { authorizationUrl } from './protocol.ts'
import { getProviderAsBegun, requireConfigured } from './providers.ts'
import { FEDERATED } from './sign-in.ts'

/**
 * Sign-ins with providers of the settings: the one that is named, or any of them. Throws OAUTH_PROVIDER_UNKNOWN,
 * OAUTH_PROVIDER_NOT_CONFIGURED.
 */
export function socialWay(ctx: Pick<Ctx, 'config'>, provider: string | null): Way<CallbackInput> & Destination {
  if (provider !== null) requireConfigured(ctx, provider)
  return {
    isOf: (flow) => (provider === null ? isNameOfSettings(flow.provider) : flow.provider === provider),
    addressOf: async (ctx, flow) => authorizationUrl(await getProviderAsBegun(ctx, flow.provider), flow),
    prove: async (ctx, flow, input) => {
      await requireScript(ctx, flow, input)
      const provider = await getProviderAsBegun(ctx, flow.provider)
      const answers = await askByCode(ctx, provider, flow, input)
      const identity = () => requireIdentity(ctx, provider, answers)
      return { identity, settle: () => settle(ctx, flow, identity()) }
    },
    refusal: (_ctx, _flow, error) => error,
  }
}

async function settle(ctx: Ctx, { codeChallenge }: Flow, proved: ProvedIdentity): Promise<Arrived> {
  const settled = await settleIdentity(ctx, { proved, codeChallenge })
  const { connectionId, issuer, subject, provider: method } = proved
  const key = { connectionId, issuer, subject }
  return { ...settled, key, method, amr: FEDERATED, organizationId: null, origin: null }
}

/** Flows at organizations' providers have a prefix. */
const isNameOfSettings = (name: string): boolean => !name.includes(':')
