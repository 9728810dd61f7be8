import type { ActorCtx, ClientActor, Ctx, PrincipalCtx, UserActor } from '../context.ts'
import { defineError, tokenInvalid, unauthorized } from '../lib/errors.ts'

export { tokenInvalid }

export const adminRequired = defineError('ADMIN_REQUIRED', 'forbidden', 'Admin access required')
export const scopeMissing = defineError('INSUFFICIENT_PERMISSIONS', 'forbidden', 'Insufficient permissions')

/** Who asks. `invalid` is a credential that was given and is not good; it never passes as anonymous on a guarded route. */
export type Identity =
  | { readonly state: 'anonymous' }
  | { readonly state: 'invalid'; readonly reason: string }
  | { readonly state: 'valid'; readonly actor: UserActor | ClientActor }

/** Given by `app.ts`: guards know no feature. */
export interface Verifier {
  /** Reads the `Authorization` header; never a cookie. */
  identify(ctx: Ctx, request: Request): Promise<Identity>
  /** Asks with `consistency=strong`: the session's object, not this isolate's view. */
  confirm(ctx: Ctx, actor: UserActor | ClientActor): Promise<boolean>
}

/**
 * What a route demands of its caller, and the context that its handler gets.
 * `strong` routes are admin routes and those that change credentials, factors, roles or sessions.
 */
export interface Guard<C extends Ctx = Ctx> {
  readonly kind: 'public' | 'optional' | 'user' | 'admin' | 'principal' | 'custom'
  readonly scope: string | null
  readonly strong: boolean
  /** Narrows the context, or throws what the route answers. */
  admit(ctx: Ctx, identity: Identity): C
}

function requireActor(identity: Identity): UserActor | ClientActor {
  if (identity.state === 'anonymous') throw unauthorized()
  if (identity.state === 'invalid') throw tokenInvalid()
  return identity.actor
}

function requireUser(identity: Identity): UserActor {
  const actor = requireActor(identity)
  if (actor.type !== 'user') throw scopeMissing()
  return actor
}

/** No credential is read. */
export const publicRoute: Guard = { kind: 'public', scope: null, strong: false, admit: (ctx) => ctx }

/** A signed-in user. */
export const userRoute: Guard<ActorCtx> = {
  kind: 'user',
  scope: null,
  strong: false,
  admit: (ctx, identity) => ({ ...ctx, actor: requireUser(identity) }),
}

/** A signed-in user whose session its object confirms: for what changes credentials, factors, roles or sessions. */
export const confirmedUserRoute: Guard<ActorCtx> = { ...userRoute, strong: true }

/** A platform admin, confirmed. */
export const adminRoute: Guard<ActorCtx> = {
  kind: 'admin',
  scope: null,
  strong: true,
  admit(ctx, identity) {
    const actor = requireUser(identity)
    if (!actor.roles.includes('admin')) throw adminRequired()
    return { ...ctx, actor }
  },
}

/** A user, or a machine with `scope`. */
export function principalRoute(scope: string): Guard<PrincipalCtx> {
  return {
    kind: 'principal',
    scope,
    strong: false,
    admit(ctx, identity) {
      const actor = requireActor(identity)
      if (actor.type === 'client' && !actor.scopes.includes(scope))
        throw scopeMissing({ required_permissions: [scope] })
      return { ...ctx, actor }
    },
  }
}

/**
 * Anybody. Who signs with a good access token is known; any other credential counts for nothing: documented clients send
 * whatever they have stored along, also to what needs no sign-in.
 */
export const recognizingRoute: Guard<Ctx & { readonly actor: UserActor | null }> = {
  kind: 'public',
  scope: null,
  strong: false,
  admit: (ctx, identity) => ({
    ...ctx,
    actor: identity.state === 'valid' && identity.actor.type === 'user' ? identity.actor : null,
  }),
}

/** Anonymous or signed in; a bad credential is refused. */
export const optionalUserRoute: Guard<Ctx & { readonly actor: UserActor | null }> = {
  kind: 'optional',
  scope: null,
  strong: false,
  admit: (ctx, identity) => ({ ...ctx, actor: identity.state === 'anonymous' ? null : requireUser(identity) }),
}

/** As `optionalUserRoute`; the session of who is signed in is confirmed. */
export const confirmedOptionalUserRoute: typeof optionalUserRoute = { ...optionalUserRoute, strong: true }

/**
 * As `confirmedOptionalUserRoute`, but a bad credential counts as none: the body may prove who asks, and clients send the
 * token of a session that is over with it. Where the body does not, the route itself refuses the token.
 */
export const lenientUserRoute: typeof optionalUserRoute = {
  ...confirmedOptionalUserRoute,
  admit: (ctx, identity) => ({ ...ctx, actor: identity.state === 'valid' ? requireUser(identity) : null }),
}
