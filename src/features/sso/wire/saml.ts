import * as z from 'zod'

const message = z
  .string()
  .min(1)
  .max(256 * 1024)
const relayState = z.string().max(2048).optional().meta({ description: 'The state of the request that is answered' })

export const AcsBody = z
  .object({
    SAMLResponse: message.meta({ description: 'The answer, base64 (SAML Bindings 3.5)' }),
    RelayState: relayState,
  })
  .meta({ id: 'SAMLAnswer' })

const isOne = ({ SAMLRequest, SAMLResponse }: { SAMLRequest?: unknown; SAMLResponse?: unknown }): boolean =>
  (SAMLRequest === undefined) !== (SAMLResponse === undefined)

const logoutMessage = {
  SAMLRequest: message.optional().meta({ description: "The provider's request" }),
  SAMLResponse: message.optional().meta({ description: 'Its answer to ours' }),
  RelayState: relayState,
}

export const SamlLogoutQuery = z
  .object({
    ...logoutMessage,
    SigAlg: z.string().max(256).optional().meta({ description: 'The algorithm of the signature' }),
    Signature: z.string().max(4096).optional().meta({ description: 'Over the query as it is sent' }),
  })
  .refine(isOne, { error: 'one of SAMLRequest and SAMLResponse is required' })

export const SamlLogoutBody = z
  .object(logoutMessage)
  .refine(isOne, { error: 'one of SAMLRequest and SAMLResponse is required' })
  .meta({ id: 'SAMLLogout' })
