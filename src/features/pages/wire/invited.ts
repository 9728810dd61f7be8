import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { inspectToken } from '../../invitations/service/acceptance.ts'
import { organizationIn } from '../../invitations/service/sending.ts'
import { TokenField } from '../../invitations/wire/invitations.ts'
import { AnyLengthField } from '../../sign-in/wire/session.ts'
import { textField } from '../../users/wire.ts'
import type { Destination } from '../service/destination.ts'
import { cookieOf, soleCookie } from './cookies.ts'

/** The page of invitations. */
export const INVITATION_PATH = '/invitations/accept'

/** What names an invitation: the link's token, or the id, in a browser that comes back from signing in. */
export const Named = z.object({
  token: TokenField.min(1, 'is required').optional(),
  invitation: z.uuid().optional(),
})
export type Named = z.infer<typeof Named>
/** `new_password`: of a new account; without it the browser's own accepts. */
export const AcceptForm = Named.extend({ name: textField(255), new_password: AnyLengthField.optional() })
export const isNamed = ({ token, invitation }: Named): boolean => token !== undefined || invitation !== undefined
export const UNNAMED = { path: ['token'], error: 'is required' }

// The link's token while its browser signs in or up. In the address to come back to it would be stored on the way, with a mailed
// link or a provider's flow; of an invitation's tokens none is.
const KEPT = 'invitation'
const KEPT_SECONDS = 3600

export const keptCookie = ({ config }: Ctx, token: string): string => cookieOf(config, KEPT, token, KEPT_SECONDS)
export const forgottenCookie = ({ config }: Ctx): string => cookieOf(config, KEPT, '', 0)

/** The token that the browser keeps for this invitation; null without one. */
async function findKept(ctx: Ctx, request: Request, invitation: string) {
  const token = soleCookie(ctx.config, KEPT, request)
  const inspected = token === null ? null : await inspectToken(ctx, token)
  return token !== null && inspected?.token?.id === invitation ? { ...inspected, token } : null
}

/** With the token that the browser keeps. */
export async function withKept(ctx: Ctx, request: Request, { token, invitation = '' }: Named): Promise<Named> {
  const found = token ?? (await findKept(ctx, request, invitation))?.token
  return found === undefined ? { invitation } : { token: found }
}

/** The invitation to which a browser comes back that has its link; null for everybody else. */
export async function findInviting(ctx: Ctx, request: Request, destination: Destination) {
  if (destination.to !== 'address' || !destination.isOwn || destination.url.pathname !== INVITATION_PATH) return null
  const kept = await findKept(ctx, request, destination.url.searchParams.get('invitation') ?? '')
  if (!kept?.invitation || kept.reason !== null) return null
  const { organizationName: name, organizationSlug: slug, email } = kept.invitation
  return { organization: organizationIn({ name, slug }), email }
}
