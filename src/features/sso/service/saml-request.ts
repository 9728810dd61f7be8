import type { Ctx } from '../../../context.ts'
import type { Flow } from '../../federation/service/flow.ts'
import { writeAuthnRequest } from '../saml/messages.ts'
import { redirectTo } from '../saml/redirect.ts'
import type { SeenSaml } from './configuration.ts'
import { signingKey } from './saml-keys.ts'
import { isForced } from './way.ts'

/** The id of the request of a flow: random, and known to the flow's row alone until it is sent. A name begins with no digit. */
export const requestIdOf = ({ nonce }: Pick<Flow, 'nonce'>): string => `_${nonce}`

/** The provider's address with our request (SAML Bindings 3.4). */
export async function samlAddress(ctx: Ctx, configuration: SeenSaml, flow: Flow): Promise<string> {
  const { ssoUrl, wantsSignedRequests, signsRequests } = configuration.metadata
  const key = wantsSignedRequests || signsRequests ? await signingKey(ctx) : null
  const xml = writeAuthnRequest({
    id: requestIdOf(flow),
    issuedAt: ctx.now(),
    destination: ssoUrl,
    entityId: configuration.ownEntityId,
    acsUrl: configuration.redirectUri,
    forceAuthn: isForced(flow),
  })
  return redirectTo({
    address: ssoUrl,
    parameter: 'SAMLRequest',
    xml,
    relayState: flow.state,
    privateKey: key?.privateKey ?? null,
  })
}
