import type { Ctx } from '../../../context.ts'
import { settleIdentity } from './accounts.ts'
import { requireIdentity, type Way } from './callback.ts'
import { getProviderAsBegun, requireConfigured } from './providers.ts'
import { FEDERATED } from './sign-in.ts'

/**
 * Sign-ins with providers of the settings: the one that is named, or any of them. Throws OAUTH_PROVIDER_UNKNOWN,
 * OAUTH_PROVIDER_NOT_CONFIGURED.
 */
export function socialWay(ctx: Pick<Ctx, 'config'>, provider: string | null): Way {
  if (provider !== null) requireConfigured(ctx, provider)
  return {
    isOf: (flow) => (provider === null ? isNameOfSettings(flow.provider) : flow.provider === provider),
    open: async (ctx, flow) => {
      const provider = await getProviderAsBegun(ctx, flow.provider)
      return {
        provider,
        settle: async (answers) => {
          const proved = requireIdentity(ctx, provider, answers)
          const settled = await settleIdentity(ctx, { proved, codeChallenge: flow.codeChallenge })
          const { connectionId, issuer, subject, provider: method } = proved
          const key = { connectionId, issuer, subject }
          return { ...settled, key, method, amr: FEDERATED, organizationId: null, origin: null }
        },
      }
    },
    refusal: (_ctx, _flow, error) => error,
  }
}

/** Flows at organizations' providers have a prefix. */
const isNameOfSettings = (name: string): boolean => !name.includes(':')
