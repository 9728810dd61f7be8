import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { equalSecrets, sha256 } from '../../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { MINUTE } from '../../../lib/time.ts'
import { findOneTimeToken, issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import { StoredOrigin } from '../../sessions/service/opening.ts'
import type { User } from '../../users/types.ts'
import { codeInvalid } from '../errors.ts'
import { StoredIdentity } from './stored-identity.ts'

const PURPOSE = 'federated_code'
/** An application exchanges a code of an address at once; people copy the one of a page. */
const LIFETIME_MS = MINUTE
export const SHOWN_LIFETIME_MS = 5 * MINUTE

const CodeData = z.object({
  /** S256 of the verifier that the exchange must bring. */
  codeChallenge: z.string().nullable(),
  /** The user's `auth_version` when the identity was proved. */
  authVersion: z.int(),
  method: z.string(),
  amr: z.array(z.string()),
  isNewUser: z.boolean(),
  /** The organization that the session is to be in. */
  organizationId: z.string().nullable().default(null),
  /** Of an organization's provider. */
  origin: StoredOrigin.nullable().default(null),
  /** The identity of a sign-in: unlinked meanwhile, it signs nobody in. */
  key: z.object({ connectionId: z.string().nullable(), issuer: z.string(), subject: z.string() }).nullable(),
  /** Of a link: what is linked once a bearer of the same user exchanges the code, and the session that began. */
  link: StoredIdentity.nullable(),
  sessionId: z.string().nullable(),
  /** Of a sign-in by the session of a browser. */
  browser: z
    .object({
      sessionId: z.string(),
      /** Absent in a code of the last release, which is refused. */
      generation: z.int().default(0),
      authTime: z.int(),
      secondFactorAt: z.int().nullable(),
    })
    .nullable()
    .default(null),
})

/** What a code stands for. */
export interface FederatedCode extends z.infer<typeof CodeData> {
  readonly userId: string
}

/** A one-time code for a sign-in that another provider has proved: worth a session, so its life is short. */
export async function issueCode(
  ctx: Ctx,
  { user, isShown, ...data }: Omit<z.input<typeof CodeData>, 'authVersion'> & { user: User; isShown: boolean },
): Promise<string> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: PURPOSE,
    userId: user.id,
    email: null,
    data: { ...data, authVersion: user.authVersion } satisfies z.input<typeof CodeData>,
    lifetimeMs: isShown ? SHOWN_LIFETIME_MS : LIFETIME_MS,
    keepsOlder: true,
  })
  return token
}

/**
 * What a code stands for, not used up. Throws OAUTH_CODE_INVALID, also for a verifier that is not the challenge's (RFC 7636
 * 4.6).
 */
export async function openCode(ctx: Ctx, input: { code: string; verifier: string | null }): Promise<FederatedCode> {
  const token = await findOneTimeToken(ctx, PURPOSE, input.code)
  if (!token?.userId) throw codeInvalid()
  const data = CodeData.parse(token.data)
  if (!(await isProved(data, input.verifier))) throw codeInvalid()
  return { ...data, userId: token.userId }
}

/** RFC 7636 4.6. A verifier without a challenge is refused (RFC 9700 4.8.2): the code is of another flow. */
export async function isProved({ codeChallenge }: Pick<FederatedCode, 'codeChallenge'>, verifier: string | null) {
  if (codeChallenge === null || verifier === null) return codeChallenge === verifier
  return equalSecrets(codeChallenge, toBase64Url(await sha256(utf8(verifier))))
}

/** Uses the code up: of racing exchanges one goes on. Throws OAUTH_CODE_INVALID. */
export async function useCode(ctx: Ctx, code: string): Promise<void> {
  if (!(await redeemOneTimeToken(ctx, PURPOSE, code))) throw codeInvalid()
}
