import {
  type ActorCtx,
  type AdminCtx,
  type CallerCtx,
  type ClientActor,
  type Ctx,
  type DirectoryActor,
  narrow,
  type Place,
  type PlaceCtx,
  type PrincipalCtx,
  type TargetCtx,
  type UserActor,
} from '../context.ts'
import { defineError, forbidden, insufficientPermissions, tokenInvalid, unauthorized } from '../lib/errors.ts'
import { isAdmin, type Rank } from '../lib/roles.ts'

export { tokenInvalid }

export const adminRequired = defineError('ADMIN_REQUIRED', 'forbidden', 'Admin access required')

/** The caller. `invalid` is a bad credential; guarded routes never treat it as anonymous. */
export type Identity =
  | { readonly state: 'anonymous' }
  | { readonly state: 'invalid'; readonly reason: string }
  | { readonly state: 'valid'; readonly actor: UserActor | ClientActor }

/** As guards read it: a directory has a token of its own. */
export type Caller = Identity | { readonly state: 'valid'; readonly actor: DirectoryActor }

/** Implemented in `app.ts`, because guards know no feature. */
export interface Verifier {
  /** Reads the `Authorization` header; never a cookie. */
  identify(ctx: Ctx, request: Request): Promise<Identity>
  /** Asks the session's object (`consistency=strong`) instead of this isolate's view. */
  confirm(ctx: Ctx, actor: UserActor | ClientActor): Promise<boolean>
  /** The caller's place in an organization. Throws unless it is theirs, with at least the rank. */
  enter(ctx: ActorCtx, organizationId: string, rank: Rank): Promise<Place>
}

interface Demand {
  readonly kind: 'public' | 'optional' | 'user' | 'admin' | 'principal' | 'custom' | 'directory'
  readonly scope?: string
  /** In the organization that the path names, or that the use case finds in query or body and asks for itself. */
  readonly rank?: Rank
  /** Reads a credential that is no access token, instead of the verifier. */
  readonly authenticate?: (ctx: Ctx, request: Request) => Promise<Caller>
  /** Confirms that the session is live; for admin routes and changes of credentials, factors, roles or sessions. */
  readonly strong?: true
}

type PathParams = Readonly<Record<string, unknown>>

/** What a route requires of its caller, and the context that its handler gets. */
export type Guard<C extends Ctx = Ctx> = Demand &
  (
    | {
        /** Narrows the context, or throws the error to answer. */
        admit(ctx: Ctx, identity: Caller): C
        readonly reach?: never
      }
    | {
        admit(ctx: Ctx, identity: Caller): ActorCtx
        /** Admits the caller to what the path names; called once the input is valid. */
        reach(ctx: ActorCtx, params: PathParams, verifier: Verifier): C | Promise<C>
      }
  )

function requireActor(identity: Caller): UserActor | ClientActor {
  if (identity.state === 'anonymous') throw unauthorized()
  if (identity.state === 'invalid' || identity.actor.type === 'directory') throw tokenInvalid()
  return identity.actor
}

function requireUser(identity: Caller): UserActor {
  const actor = requireActor(identity)
  if (actor.type !== 'user') throw insufficientPermissions()
  return actor
}

/** No credential is read. */
export const anyone: Guard = { kind: 'public', admit: (ctx) => ctx }

/** A signed-in user. */
export const user: Guard<ActorCtx> = {
  kind: 'user',
  admit: (ctx, identity) => narrow(ctx, { actor: requireUser(identity) }),
}

/** A signed-in user whose session is confirmed by its object: for changes of credentials, factors, roles or sessions. */
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

/** As `confirmedUser`, in an organization that query or body name, or platform-wide: the use case asks for the caller's rank there. */
export const scopedUser: Guard<ActorCtx> = { ...confirmedUser, rank: 'viewer' }

/** The user in the path's `user_id`, a UUID or a number. */
function targetOf({ actor }: ActorCtx, { user_id: ref }: PathParams): TargetCtx['target'] {
  if (typeof ref !== 'string' && typeof ref !== 'number') throw new TypeError('The path has no user_id')
  return { ref, isSelf: ref === actor.id || ref === actor.number }
}

function reachTarget(ctx: ActorCtx, params: PathParams): TargetCtx {
  const target = targetOf(ctx, params)
  // Also for an id without a user: the answer must not reveal who exists.
  if (!target.isSelf && !isAdmin(ctx.actor)) throw forbidden()
  return narrow(ctx, { target })
}

/** The user in the path, confirmed. */
export const self: Guard<ActorCtx> = {
  ...confirmedUser,
  reach(ctx, params) {
    if (!targetOf(ctx, params).isSelf) throw forbidden()
    return ctx
  },
}

/** The user in the path, or an admin; confirmed. */
export const selfOrAdmin: Guard<TargetCtx> = { ...confirmedUser, reach: reachTarget }

/** An admin, for the user in the path. */
export const adminOf: Guard<TargetCtx> = { ...admin, reach: reachTarget }

const inOrganization = (rank: Rank): Guard<PlaceCtx> => ({
  ...confirmedUser,
  rank,
  async reach(ctx, { organization_id: id }, verifier) {
    if (typeof id !== 'string') throw new TypeError('The path has no organization_id')
    return narrow(ctx, { place: await verifier.enter(ctx, id, rank) })
  },
})

const MEMBERS: Readonly<Record<Rank, Guard<PlaceCtx>>> = {
  viewer: inOrganization('viewer'),
  member: inOrganization('member'),
  admin: inOrganization('admin'),
  owner: inOrganization('owner'),
}

/** A member of the organization in the path's `organization_id`, with at least this rank; confirmed. */
export const memberOf = (rank: Rank): Guard<PlaceCtx> => MEMBERS[rank]

/** A user, or a machine with `scope`. */
export function principal(scope: string): Guard<PrincipalCtx> {
  return {
    kind: 'principal',
    scope,
    admit(ctx, identity) {
      const actor = requireActor(identity)
      if (actor.type === 'client' && !actor.scopes.includes(scope))
        throw insufficientPermissions({ required_permissions: [scope] })
      return narrow(ctx, { actor })
    },
  }
}

/**
 * Anybody; a valid access token identifies its user, and any other credential is ignored. Documented clients send their stored
 * token to every route, also to those that need no sign-in.
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

/** As `optionalUser`; a user's session is confirmed. */
export const confirmedOptionalUser: Guard<CallerCtx> = { ...optionalUser, strong: true }

/**
 * As `confirmedOptionalUser`, but a bad credential counts as none: the body may prove the caller, while the client still sends
 * the token of an ended session. If the body proves nothing, the route refuses the token itself.
 */
export const lenientUser: Guard<CallerCtx> = {
  kind: 'optional',
  strong: true,
  admit: (ctx, identity) => optionalUser.admit(ctx, identity.state === 'invalid' ? { state: 'anonymous' } : identity),
}
