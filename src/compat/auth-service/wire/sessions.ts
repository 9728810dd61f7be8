import * as z from 'zod'
import type { SessionSnapshot } from '../../../durable/rpc.ts'
import type { OpenedSession } from '../../../features/sessions/types.ts'
import { toIso } from '../../../lib/time.ts'
import { CodeField } from './fields.ts'

const MAX_TOKEN_LENGTH = 8192

const accessAndRefresh = {
  access_token: z.string(),
  token_type: z.literal('bearer'),
  refresh_token: z.string(),
}

const session_token = z.string().meta({ description: 'Names the session; it is no credential' })

export const Token = z.object({ ...accessAndRefresh, session_token }).meta({ id: 'AuthServiceToken' })

/** Of an admin's and a vendor's login. */
export const LoginToken = z.object(accessAndRefresh).meta({ id: 'AuthServiceLoginToken' })

export const loginToWire = ({ opened }: { opened: OpenedSession }): z.infer<typeof LoginToken> => ({
  access_token: opened.tokens.accessToken,
  token_type: 'bearer',
  refresh_token: opened.tokens.refreshToken,
})

export const tokenToWire = (opened: OpenedSession): z.infer<typeof Token> => ({
  ...loginToWire({ opened }),
  session_token: opened.session.id,
})

export const TokenRefresh = z
  .object({ refresh_token: z.string().min(1, 'is required').max(MAX_TOKEN_LENGTH) })
  .meta({ id: 'AuthServiceTokenRefresh' })

export const Enable2FARequest = z.object({ code: CodeField }).meta({ id: 'AuthServiceEnable2FARequest' })

export const Disable2FARequest = z.object({ code: CodeField.nullish() }).meta({ id: 'AuthServiceDisable2FARequest' })

export const Verify2FARequest = Enable2FARequest.extend({
  mfa_token: z.string().max(512).nullish().meta({ description: 'Of a login that waits for its second factor' }),
}).meta({ id: 'AuthServiceVerify2FARequest' })

export const GeneratedCode = z
  .object({
    code: z.string().meta({ description: 'What an authenticator app shows now' }),
    secret: z.string().meta({ description: 'base32' }),
    otpauth_uri: z.string(),
  })
  .meta({ id: 'AuthServiceGeneratedCode' })

export const generatedToWire = (pending: {
  code: string
  secret: string
  provisioningUri: string
}): z.infer<typeof GeneratedCode> => ({
  code: pending.code,
  secret: pending.secret,
  otpauth_uri: pending.provisioningUri,
})

export const SessionResponse = z
  .object({
    id: z.int().meta({ description: 'The number of the session within its user' }),
    user_id: z.int(),
    session_token,
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'AuthServiceSessionResponse' })

export const sessionToWire = (session: SessionSnapshot, userNumber: number): z.infer<typeof SessionResponse> => ({
  id: session.number,
  user_id: userNumber,
  session_token: session.id,
  created_at: toIso(session.openedAt),
  expires_at: toIso(session.expiresAt),
})
