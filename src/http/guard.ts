import {
  type ActorCtx,
  type AdminCtx,
  type CallerCtx,
  type ClientActor,
  type Ctx,
  narrow,
  type PrincipalCtx,
  type TargetCtx,
  type UserActor,
} from '../context.ts'
import { defineError, forbidden, tokenInvalid, unauthorized } from '../lib/errors.ts'
import { isAdmin } from '../lib/roles.ts'

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

interface Demand {
  readonly kind: 'public' | 'optional' | 'user' | 'admin' | 'principal' | 'custom'
  readonly scope?: string
  /** Asks whether the session still lives: of admin routes and those that change credentials, factors, roles or sessions. */
  readonly strong?: true
}

type PathParams = Readonly<Record<string, unknown>>

/** What a route demands of its caller, and the context that its handler gets. */
export type Guard<C extends Ctx = Ctx> = Demand &
  (
    | {
        /** Narrows the context, or throws what the route answers. */
        admit(ctx: Ctx, identity: Identity): C
        readonly reach?: never
      }
    | {
        admit(ctx: Ctx, identity: Identity): ActorCtx
        /** Whether the caller may reach whom the path names: asked when the input is valid. */
        reach(ctx: ActorCtx, params: PathParams): C
      }
  )

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
export const anyone: Guard = { kind: 'public', admit: (ctx) => ctx }

/** A signed-in user. */
export const user: Guard<ActorCtx> = {
  kind: 'user',
  admit: (ctx, identity) => narrow(ctx, { actor: requireUser(identity) }),
}

/** A signed-in user whose session its object confirms: for what changes credentials, factors, roles or sessions. */
export const confirmedUser: Guard<ActorCtx> = { ...user, strong: true }

/** A platform admin, confirmed. */
export const admin: Guard<AdminCtx> = {
  kind: 'admin',
  strong: true,
  admit(ctx, identity) {
    const actor = requireUser(identity)
    if (!isAdmin(actor)) throw adminRequired()
    return narrow(ctx, { actor, isAdmin: true as const })
  },
}

/** The user whom the path names as `user_id`, by UUID or number. */
function targetOf({ actor }: ActorCtx, { user_id: ref }: PathParams): TargetCtx['target'] {
  if (typeof ref !== 'string' && typeof ref !== 'number') throw new TypeError('The path has no user_id')
  return { ref, isSelf: ref === actor.id || ref === actor.number }
}

function reachTarget(ctx: ActorCtx, params: PathParams): TargetCtx {
  const target = targetOf(ctx, params)
  // Whether or not there is such a user: a stranger does not learn who exists.
  if (!target.isSelf && !isAdmin(ctx.actor)) throw forbidden()
  return narrow(ctx, { target })
}

/** The user whom the path names, confirmed. */
export const self: Guard<ActorCtx> = {
  ...confirmedUser,
  reach(ctx, params) {
    if (!targetOf(ctx, params).isSelf) throw forbidden()
    return ctx
  },
}

/** The user whom the path names, or an admin; confirmed. */
export const selfOrAdmin: Guard<TargetCtx> = { ...confirmedUser, reach: reachTarget }

/** An admin, about the user whom the path names. */
export const adminOf: Guard<TargetCtx> = { ...admin, reach: reachTarget }

/** A user, or a machine with `scope`. */
export function principal(scope: string): Guard<PrincipalCtx> {
  return {
    kind: 'principal',
    scope,
    admit(ctx, identity) {
      const actor = requireActor(identity)
      if (actor.type === 'client' && !actor.scopes.includes(scope))
        throw scopeMissing({ required_permissions: [scope] })
      return narrow(ctx, { actor })
    },
  }
}

/**
 * Anybody. Who signs with a good access token is known; any other credential counts for nothing: documented clients send
 * whatever they have stored along, also to what needs no sign-in.
 */
export const recognized: Guard<CallerCtx> = {
  kind: 'public',
  admit: (ctx, identity) =>
    narrow(ctx, { actor: identity.state === 'valid' && identity.actor.type === 'user' ? identity.actor : null }),
}

/** Anonymous or signed in; a bad credential is refused. */
export const optionalUser: Guard<CallerCtx> = {
  kind: 'optional',
  admit: (ctx, identity) => narrow(ctx, { actor: identity.state === 'anonymous' ? null : requireUser(identity) }),
}

/** As `optionalUser`; the session of who is signed in is confirmed. */
export const confirmedOptionalUser: Guard<CallerCtx> = { ...optionalUser, strong: true }

/**
 * As `confirmedOptionalUser`, but a bad credential counts as none: the body may prove who asks, and clients send the
 * token of a session that is over with it. Where the body does not, the route itself refuses the token.
 */
export const lenientUser: Guard<CallerCtx> = {
  kind: 'optional',
  strong: true,
  admit: (ctx, identity) => optionalUser.admit(ctx, identity.state === 'invalid' ? { state: 'anonymous' } : identity),
}
