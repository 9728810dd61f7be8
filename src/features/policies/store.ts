import { and, asc, desc, eq, getTableColumns, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx } from '../../context.ts'
import { listPage, type Range } from '../../db/list.ts'
import { forgottenIn, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import type { Scope } from '../memberships/service.ts'
import { stillHas } from '../memberships/tables.ts'
import { PLATFORM } from '../memberships/types.ts'
import { LIMITS } from './rules/limits.ts'
import { type Policy, policies, policySets, policyVersions } from './tables.ts'

type Store = Pick<Ctx, 'db'>

const isAbout = (userId: string): SQL => sql`(${policies.targetType} = 'user' and ${policies.targetId} = ${userId})`

const ofUser: UserData = {
  table: policies,
  erases: ['targetId'],
  keeps: { conditions: "the organization's own text" },
  statements: ({ db }, { id }, isDue) => [
    db
      .update(policySets)
      .set({ version: sql`${policySets.version} + 1` })
      .where(
        and(inArray(policySets.scope, db.select({ scope: policies.scope }).from(policies).where(isAbout(id))), isDue),
      ),
    db.delete(policies).where(and(isAbout(id), isDue)),
  ],
  ...shownRows(policies, {
    part: 'roles',
    name: 'policies_about_you',
    by: { targetId: ({ id }) => isAbout(id) },
    shows: [
      'id',
      'scope',
      'name',
      'description',
      'rules',
      'effect',
      'enabled',
      'resourceType',
      'resourcePattern',
      'actions',
      'conditions',
      'expiresAt',
      'createdAt',
      'updatedAt',
    ],
    hides: { [HIDDEN.internal]: ['priority', 'version', 'targetType', 'targetId', 'size'] },
  }),
}

/** In the words of its index. */
const wasAbout = (userId: string): SQL =>
  sql`(policy ->> '$.target_type' = 'user' and policy ->> '$.target_id' = ${userId})`

const formerOfUser: UserData = {
  table: policyVersions,
  erases: ['policy'],
  statements: ({ db }, { id }, isDue) => [db.delete(policyVersions).where(and(wasAbout(id), isDue))],
  ...shownRows(policyVersions, {
    part: 'roles',
    name: 'former_policies_about_you',
    by: { policy: ({ id }) => wasAbout(id) },
    shows: ['policyId', 'version', 'policy', 'changedAt'],
  }),
}

export const userData: readonly UserData[] = [
  ofUser,
  formerOfUser,
  {
    ...forgottenIn(policyVersions, ['changedBy']),
    ...shownRows(policyVersions, {
      part: 'roles',
      name: 'policies_you_changed',
      by: { changedBy: 'id' },
      shows: ['policyId', 'version', 'changedAt'],
      hides: { [HIDDEN.internal]: ['changedBy'] },
    }),
  },
]

export const organizationData = [
  // Of ids the target is a user's or a role's.
  { by: policies.scope, of: { users: [policies.targetId] } },
  policySets.scope,
]

/** Wherever it belongs: whoever calls it asks next whether it is the caller's. */
export const findPolicyOfAnyScope = ({ db }: Store, id: string): Promise<Policy | undefined> =>
  db.select().from(policies).where(eq(policies.id, id)).get()

export interface PolicyFilter {
  readonly targetType?: Policy['targetType'] | undefined
  readonly resourceType?: string | undefined
  readonly enabled?: boolean | undefined
}

/** Policies of a scope, in the order in which they were made. */
export const selectPolicies = (store: Store, scope: string, filter: PolicyFilter & Range) => {
  const { targetType, resourceType, enabled, ...range } = filter
  const where = and(
    eq(policies.scope, scope),
    targetType ? eq(policies.targetType, targetType) : undefined,
    resourceType === undefined ? undefined : eq(policies.resourceType, resourceType),
    enabled === undefined ? undefined : eq(policies.enabled, enabled),
  )
  const order = [asc(policies.createdAt), asc(policies.id)]
  return listPage(store, { table: policies, columns: getTableColumns(policies), where, order }, range)
}

/** Former versions of a policy, the last first. */
export const selectVersions = ({ db }: Store, { id, scope }: Pick<Policy, 'id' | 'scope'>) =>
  db
    .select(getTableColumns(policyVersions))
    .from(policyVersions)
    .innerJoin(policies, and(eq(policies.id, policyVersions.policyId), eq(policies.scope, scope)))
    .where(eq(policyVersions.policyId, id))
    .orderBy(desc(policyVersions.version))

/** How many policies a scope has, and how many bytes they take, but for one. */
export async function measureOthers({ db }: Store, { id, scope }: Pick<Policy, 'id' | 'scope'>) {
  const [row] = await db.all<{ count: number; bytes: number }>(
    sql`select ${countOf(scope)} as count, ${bytesOf(scope, id)} as bytes`,
  )
  return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 }
}

const countOf = (scope: string): SQL => sql`(select count(*) from policies as counted where counted.scope = ${scope})`
const bytesOf = (scope: string, butFor: string): SQL =>
  sql`(select coalesce(sum(sized.size), 0) from policies as sized where sized.scope = ${scope} and sized.id <> ${butFor})`

const fits = ({ id, scope, size }: Pick<Policy, 'id' | 'scope' | 'size'>): SQL =>
  sql`${bytesOf(scope, id)} + ${size} <= ${LIMITS.scopeBytes}`

type Acting = Store & Pick<ActorCtx, 'actor'>

/** Raises the version of the policies of a scope, if the statement before it in the batch changed a row. */
export const raiseSet = ({ db }: Store, scope: string) =>
  db
    .insert(policySets)
    .select(sql`select ${scope}, 1 where changes() > 0`)
    .onConflictDoUpdate({ target: policySets.scope, set: { version: sql`version + 1` } })
    .returning({ version: policySets.version })

/** Inserts nothing when the caller lost the rank, or the scope is full. */
export function insertPolicy({ db, actor }: Acting, { place }: Scope, row: Policy) {
  const cells = Object.entries(getTableColumns(policies)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof Policy], column)}`,
  )
  const hasRoom = sql`${countOf(row.scope)} < ${LIMITS.policiesPerScope} and ${fits(row)}`
  return db
    .insert(policies)
    .select(sql`select ${sql.join(cells, sql`, `)} where ${stillHas('admin', place, actor.id)} and ${hasRoom}`)
}

/** Holds for the policy as it was read, while the caller has the rank. */
const isUnmoved = ({ actor }: Acting, { place }: Scope, { id, scope, version }: Policy) =>
  and(eq(policies.id, id), eq(policies.scope, scope), eq(policies.version, version), stillHas('admin', place, actor.id))

/** How many former versions of a policy are kept. */
const VERSIONS_KEPT = 20

/**
 * The statements of a change; the last changes no row when the policy was changed since it was read, the caller lost the rank, or
 * the scope is full.
 */
export function updatePolicy(
  ctx: Acting & Pick<Ctx, 'now'>,
  scope: Scope,
  { before, after, snapshot }: { before: Policy; after: Policy; snapshot: object },
) {
  const { db, actor } = ctx
  const { id: _, scope: __, createdAt: ___, ...set } = after
  const when = and(isUnmoved(ctx, scope, before), fits(after))
  const former = sql`select ${before.id}, ${before.version}, ${JSON.stringify(snapshot)}, ${actor.id}, ${after.updatedAt}
    from ${policies} where ${when}`
  return [
    db.insert(policyVersions).select(former),
    db
      .delete(policyVersions)
      .where(and(eq(policyVersions.policyId, before.id), lte(policyVersions.version, before.version - VERSIONS_KEPT))),
    db.update(policies).set(set).where(when),
  ] as const
}

/** Deletes no row when the policy was changed since it was read, or the caller lost the rank. A trigger deletes its versions. */
export const deletePolicy = (ctx: Acting, scope: Scope, policy: Policy) =>
  ctx.db.delete(policies).where(isUnmoved(ctx, scope, policy))

/** The policies of a scope, with the version that they are of. */
export async function readSet({ db }: Store, scope: string): Promise<{ version: number; rows: Policy[] }> {
  const [versions, rows] = await db.batch([
    db.select({ version: policySets.version }).from(policySets).where(eq(policySets.scope, scope)),
    db.select().from(policies).where(eq(policies.scope, scope)),
  ])
  return { version: versions[0]?.version ?? 0, rows }
}

/** What an evaluation reads in any case, with the organization as the first parameter, null for none. */
const SITUATION = `
  coalesce((select version from policy_sets where scope = '${PLATFORM}'), 0) as platformVersion,
  coalesce((select version from policy_sets where scope = ?1), 0) as organizationVersion,
  ?1 is null or exists (select 1 from organizations where id = ?1 and deleted_at is null) as isOpen`

interface Situation {
  readonly platformVersion: number
  readonly organizationVersion: number
  /** The organization is there, or none is named. */
  readonly isOpen: number
}

// Written as text: to put it together from parts takes longer than SQLite takes to answer it.
const USER_ASKED = `select ${SITUATION}, u.status, u.email, u.email_verified_at as emailVerifiedAt,
    u.email_unanswered_since as emailUnansweredSince, u.app_metadata as appMetadata, u.role, m.role as memberRole,
    (select json_group_array(r.key) from role_assignments as a join roles as r on r.id = a.role_id
      where a.user_id = ?2 and a.scope = ?1) as organizationKeys,
    (select json_group_array(r.key) from role_assignments as a join roles as r on r.id = a.role_id
      where a.user_id = ?2 and a.scope = '${PLATFORM}') as platformKeys
  from (select 1) left join users as u on u.id = ?2 and u.status in ('active', 'pending')
  left join memberships as m on m.organization_id = ?1 and m.user_id = ?2 and m.removed_at is null and m.taken_up_at is not null`

interface UserAsked extends Situation {
  /** Null for whoever may not sign in, or does not exist; the user's other columns are null, too. */
  readonly status: string | null
  readonly email: string
  readonly emailVerifiedAt: number | null
  readonly emailUnansweredSince: number | null
  readonly appMetadata: string
  readonly role: string
  /** Null without a membership that counts. */
  readonly memberRole: string | null
  readonly organizationKeys: string
  readonly platformKeys: string
}

type Reading = Pick<Ctx, 'openDatabase'>

/** What an evaluation reads of a user, in one statement. */
export const readUserAsked = (ctx: Reading, organizationId: string | null, userId: string) =>
  one<UserAsked>(ctx, USER_ASKED, organizationId, userId)

const ROLE_ASKED = `select ${SITUATION},
  exists (select 1 from roles where scope = ?1 and key = ?2) as isCustomHere,
  exists (select 1 from roles where scope = '${PLATFORM}' and key = ?2) as isCustomOfPlatform,
  exists (select 1 from users where role = ?2) as isOfAccounts`

interface RoleAsked extends Situation {
  readonly isCustomHere: number
  readonly isCustomOfPlatform: number
  readonly isOfAccounts: number
}

/** What an evaluation reads of a role: whose there is one of that key. */
export const readRoleAsked = (ctx: Reading, organizationId: string | null, key: string) =>
  one<RoleAsked>(ctx, ROLE_ASKED, organizationId, key)

async function one<T>({ openDatabase }: Reading, statement: string, ...values: (string | null)[]): Promise<T> {
  const { results } = await openDatabase()
    .prepare(statement)
    .bind(...values)
    .all<T>()
  const [row] = results
  if (!row) throw new Error('a row of constants is missing')
  return row
}
