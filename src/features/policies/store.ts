import { and, asc, desc, eq, getTableColumns, inArray, lte, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx } from '../../context.ts'
import { listPage, type Range } from '../../db/list.ts'
import { forgottenIn, type UserData } from '../../db/user-data.ts'
import type { Scope } from '../memberships/service.ts'
import { isMember, isOpen, memberships, stillHas } from '../memberships/tables.ts'
import { PLATFORM } from '../memberships/types.ts'
import { roleAssignments, roles } from '../rbac/tables.ts'
import { maySignIn, users } from '../users/tables.ts'
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
}

/** In the words of its index. */
const wasAbout = (userId: string): SQL =>
  sql`(policy ->> '$.target_type' = 'user' and policy ->> '$.target_id' = ${userId})`

const formerOfUser: UserData = {
  table: policyVersions,
  erases: ['policy'],
  statements: ({ db }, { id }, isDue) => [db.delete(policyVersions).where(and(wasAbout(id), isDue))],
}

export const userData = [ofUser, formerOfUser, forgottenIn(policyVersions, ['changedBy'])]

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

const versionOf = (scope: string): SQL<number> =>
  sql`coalesce((select version from policy_sets where scope = ${scope}), 0)`

/** What an evaluation reads in any case: the versions of the policies, and whether the organization is there. */
const situationOf = (organizationId: string | null) => ({
  platformVersion: versionOf(PLATFORM),
  organizationVersion: organizationId === null ? sql<number>`0` : versionOf(organizationId),
  isOpen: organizationId === null ? sql<number>`1` : (isOpen(organizationId) as SQL<number>),
})

const keysOf = (userId: string, scope: string): SQL<string> =>
  sql`(select json_group_array(${roles.key}) from ${roleAssignments} join ${roles} on ${roles.id} = ${roleAssignments.roleId}
    where ${roleAssignments.userId} = ${userId} and ${roleAssignments.scope} = ${scope})`

/** What an evaluation reads of a user, in one statement. `user` is null for whoever may not sign in, or does not exist. */
export async function readUserAsked({ db }: Store, organizationId: string | null, userId: string) {
  const [row] = await db
    .select({
      ...situationOf(organizationId),
      user: {
        status: users.status,
        email: users.email,
        emailVerifiedAt: users.emailVerifiedAt,
        emailUnansweredSince: users.emailUnansweredSince,
        appMetadata: users.appMetadata,
        role: users.role,
      },
      memberRole: memberships.role,
      organizationKeys: organizationId === null ? sql<string>`'[]'` : keysOf(userId, organizationId),
      platformKeys: keysOf(userId, PLATFORM),
    })
    .from(ASKED)
    .leftJoin(users, maySignIn(userId))
    .leftJoin(memberships, organizationId === null ? sql`false` : isMember(organizationId, userId))
  return one(row)
}

/** What an evaluation reads of a role: whose there is one of that key. The values are 0 or 1. */
export async function readRoleAsked({ db }: Store, organizationId: string | null, key: string) {
  const isCustomIn = (scope: string): SQL<number> =>
    sql`exists (select 1 from ${roles} where ${roles.scope} = ${scope} and ${roles.key} = ${key})`
  const [row] = await db
    .select({
      ...situationOf(organizationId),
      isCustomHere: organizationId === null ? sql<number>`0` : isCustomIn(organizationId),
      isCustomOfPlatform: isCustomIn(PLATFORM),
      isOfAccounts: sql<number>`exists (select 1 from ${users} where ${users.role} = ${key})`,
    })
    .from(ASKED)
  return one(row)
}

/** One row, whatever is joined to it. */
const ASKED = sql`(select 1) as asked`

function one<T>(row: T | undefined): T {
  if (!row) throw new Error('a row of constants is missing')
  return row
}
