import type { GivenRank, RoleMapping } from '../sso/types.ts'

export type { GivenRank, RoleMapping }

export const OPERATIONS = ['create', 'update', 'deactivate', 'reactivate', 'delete'] as const
export type Operation = (typeof OPERATIONS)[number]
export const RESOURCE_TYPES = ['User', 'Group'] as const
export type ResourceType = (typeof RESOURCE_TYPES)[number]
export const LOG_STATUSES = ['success', 'error'] as const
export type LogStatus = (typeof LOG_STATUSES)[number]

/** What an organization's directory may have at once. */
export const LIMITS = { users: 100_000, groups: 10_000, members: 1_000_000 } as const

/** A value as SCIM has it; absent attributes are not there. */
export type ScimValue = string | boolean | ScimComplex | readonly ScimValue[]
export interface ScimComplex {
  readonly [name: string]: ScimValue | undefined
}

/** A user's attributes, with those of the enterprise extension under its URN. */
export type UserAttributes = ScimComplex & { readonly userName: string; readonly active: boolean }

/** The attributes of a group that a directory writes, without its members. */
export interface GroupAttributes {
  readonly displayName: string
  readonly externalId?: string
}

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group'
export const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'
