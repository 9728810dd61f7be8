import type { Ctx } from '../../../context.ts'
import { invalidCredentials } from '../../../features/sign-in/errors.ts'
import { type SignedIn, signInOrThrow } from '../../../features/sign-in/service/sign-in.ts'
import { DomainError } from '../../../lib/errors.ts'

/** Who is no vendor is answered as a wrong password is. Throws what `signInOrThrow` throws but SIGN_IN_NOT_ACCEPTED. */
export async function signInVendor(ctx: Ctx, input: { email: string; password: string }): Promise<SignedIn> {
  const { email: identifier, password } = input
  try {
    return await signInOrThrow(ctx, { identifier, password, accepts: ({ role }) => role === 'vendor' })
  } catch (cause) {
    throw cause instanceof DomainError && cause.code === 'SIGN_IN_NOT_ACCEPTED' ? invalidCredentials() : cause
  }
}
