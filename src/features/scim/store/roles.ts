import { type SQL, sql } from 'drizzle-orm'
import { memberships } from '../../memberships/tables.ts'

/** What the groups of an account give in its organization; null for none. `CROSS JOIN`: else the planner walks all groups for each. */
export const mappedByGroups: SQL = sql`(select case max(case m.role when 'admin' then 2 when 'member' then 1 else 0 end)
    when 2 then 'admin' when 1 then 'member' when 0 then 'viewer' end
  from scim_users as u cross join scim_members as s on s.record_id = u.id
  cross join scim_groups as g on g.id = s.group_id and g.deleted_at is null
  cross join role_mappings as m on m.organization_id = g.organization_id and m.group_name = g.display_name
  where u.organization_id = ${memberships.organizationId} and u.user_id = ${memberships.userId} and u.deleted_at is null)`

/** Accounts behind the records with these ids. */
export const areBehind = (organizationId: string, recordIds: readonly string[]): SQL =>
  sql`${memberships.userId} in (select behind.user_id from json_each(${JSON.stringify(recordIds)}) as named
    cross join scim_users as behind on behind.id = named.value where behind.organization_id = ${organizationId})`
