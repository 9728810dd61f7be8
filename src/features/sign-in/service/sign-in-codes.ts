import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { equalSecrets, hashSecret } from '../../../lib/crypto.ts'
import { MINUTE } from '../../../lib/time.ts'
import { formatTypedCode, newTypedCode } from '../../../lib/typed-code.ts'
import { countTry, replaceOneTimeToken } from '../../links/service.ts'
import type { OneTimePurpose, OneTimeToken } from '../../links/types.ts'

/** Codes of sign-in links, and of links that prove an address to a sign-in by another provider. */
type CodePurpose = Extract<OneTimePurpose, 'sign_in_code' | 'federated_email_code'>
export const CODE_LIFETIME_MS = 10 * MINUTE
const TRIES = 5

/** A hash that tells a code of 40 bits to whoever reads the database: it is worth nothing without the other half. */
const CodeData = z.object({ codeHash: z.string() })

interface NewCode extends Pick<OneTimeToken, 'userId' | 'email'> {
  readonly bindingHash: string
  readonly data?: OneTimeToken['data']
}

/**
 * A short code that a person carries from a link's page to where they asked for the link. `bindingHash` is the hash of the
 * other half, which only the asker has: nobody else can try the code.
 */
export async function issueSignInCode(
  ctx: Ctx,
  purpose: CodePurpose,
  { bindingHash, userId, email, data = {} }: NewCode,
): Promise<{ code: string; lifetimeMs: number }> {
  const code = newTypedCode((length) => ctx.random(length))
  await replaceOneTimeToken(ctx, {
    purpose,
    tokenHash: bindingHash,
    userId,
    email,
    data: { ...data, codeHash: await hashSecret(code) } satisfies z.input<typeof CodeData>,
    lifetimeMs: CODE_LIFETIME_MS,
  })
  return { code: formatTypedCode(code), lifetimeMs: CODE_LIFETIME_MS }
}

/**
 * The code's link, for a right code (`readTypedCode`) with its other half; the half redeems it. Every try with the half
 * counts, before the codes are compared; undefined for a wrong code, and for any after five tries.
 */
export async function findSignInCode(
  ctx: Ctx,
  purpose: CodePurpose,
  { code, binding }: { code: string; binding: string },
): Promise<OneTimeToken | undefined> {
  const link = await countTry(ctx, purpose, binding, TRIES)
  if (!link) return undefined
  const { codeHash } = CodeData.parse(link.data)
  return (await equalSecrets(codeHash, await hashSecret(code))) ? link : undefined
}
