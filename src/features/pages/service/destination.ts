import type { Ctx } from '../../../context.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import { requireReturn } from '../../federation/service/flow.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { findReturn } from '../rules/returns.ts'

/** What the query of every page on the way carries, unchecked. */
export interface GivenDestination {
  readonly return_to?: string | undefined
  readonly redirect_to?: string | undefined
  readonly state?: string | undefined
  readonly code_challenge?: string | undefined
  readonly ui_locales?: string | undefined
  readonly lang?: string | undefined
}

/** Where somebody goes who has signed in. */
export type Destination =
  | { readonly to: 'nowhere' }
  /** A page of ours, or an application behind the gateway. */
  | { readonly to: 'address'; readonly url: URL; readonly isOwn: boolean }
  /** An application that gets a session of its own by a code. */
  | {
      readonly to: 'application'
      readonly url: URL
      readonly isApp: boolean
      readonly state: string | null
      readonly codeChallenge: string
    }

/** Asked on every page on the way: the settings may have changed. Throws REDIRECT_NOT_ALLOWED. */
export function requireDestination(ctx: Pick<Ctx, 'config'>, given: GivenDestination): Destination {
  const { return_to: returnTo, redirect_to: redirectTo, state = null, code_challenge: codeChallenge } = given
  if (redirectTo !== undefined) {
    // Nothing else ties the code to who asked.
    if (codeChallenge === undefined) throw malformedRequest('redirect_to needs a code_challenge (S256)')
    return { to: 'application', ...requireReturn(ctx, redirectTo, { hasChallenge: true }), state, codeChallenge }
  }
  if (returnTo === undefined) return { to: 'nowhere' }
  const url = findReturn(ctx.config, returnTo)
  if (!url) throw redirectNotAllowed({ field: 'return_to' })
  return { to: 'address', url, isOwn: url.origin === ctx.config.PUBLIC_URL }
}
