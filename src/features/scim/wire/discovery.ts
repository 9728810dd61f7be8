import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { MAX_BODY_BYTES } from '../../../http/input.ts'
import { resourceNotFound } from '../errors.ts'
import { type Attribute, SCHEMAS, type Schema } from '../rules/schema.ts'
import { DEFAULT_COUNT, MAX_COUNT } from '../service/lists.ts'
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from '../types.ts'
import { LIST_SCHEMA, locationOf } from './resources.ts'

type Config = Pick<Ctx, 'config'>

export const Described = z.looseObject({ schemas: z.array(z.string()) }).meta({ id: 'ScimDescription' })

const SCHEMA_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'
const TYPE_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
const CONFIG_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'

/** RFC 7643 5. */
export const serviceProviderConfig = (ctx: Config) => ({
  schemas: [CONFIG_SCHEMA],
  documentationUri: `${ctx.config.PUBLIC_URL}/docs`,
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: MAX_BODY_BYTES },
  filter: { supported: true, maxResults: MAX_COUNT },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  // RFC 9865 4.
  pagination: {
    cursor: true,
    index: true,
    defaultPaginationMethod: 'index',
    defaultPageSize: DEFAULT_COUNT,
    maxPageSize: MAX_COUNT,
  },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'OAuth Bearer Token',
      description: 'A token that an admin of the organization made, in the header Authorization',
      specUri: 'https://www.rfc-editor.org/info/rfc6750',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: locationOf(ctx, 'ServiceProviderConfig') },
})

/** RFC 7643 7. */
function attributeToWire(attribute: Attribute): Record<string, unknown> {
  const { subAttributes, isList, canonicalValues, referenceTypes } = attribute
  return {
    name: attribute.name,
    type: attribute.type,
    multiValued: isList,
    description: attribute.description,
    required: attribute.isRequired,
    caseExact: attribute.isCaseExact,
    mutability: attribute.mutability,
    returned: attribute.returned,
    uniqueness: attribute.uniqueness,
    ...(canonicalValues && { canonicalValues }),
    ...(referenceTypes && { referenceTypes }),
    ...(subAttributes.length > 0 && { subAttributes: subAttributes.map(attributeToWire) }),
  }
}

/** RFC 7643 3.1: common attributes belong to no schema, but for `externalId`, which directories look for. */
const isDescribed = ({ name, mutability }: Attribute): boolean =>
  mutability !== 'dropped' && name !== 'id' && name !== 'meta' && name !== 'schemas'

const schemaToWire = (ctx: Config, { id, name, description, attributes }: Schema) => ({
  schemas: [SCHEMA_SCHEMA],
  id,
  name,
  description,
  attributes: attributes.filter(isDescribed).map(attributeToWire),
  meta: { resourceType: 'Schema', location: locationOf(ctx, `Schemas/${id}`) },
})

const listed = (resources: readonly unknown[]) => ({
  schemas: [LIST_SCHEMA],
  totalResults: resources.length,
  itemsPerPage: resources.length,
  startIndex: 1,
  Resources: resources,
})

export const schemasToWire = (ctx: Config) => listed(SCHEMAS.map((schema) => schemaToWire(ctx, schema)))

/** Throws SCIM_NOT_FOUND. */
export function oneSchema(ctx: Config, urn: string) {
  const schema = SCHEMAS.find(({ id }) => id.toLowerCase() === urn.toLowerCase())
  if (!schema) throw resourceNotFound()
  return schemaToWire(ctx, schema)
}

/** RFC 7643 6. */
const resourceTypes = (ctx: Config) =>
  [
    {
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'A person',
      schema: USER_SCHEMA,
      schemaExtensions: [{ schema: ENTERPRISE_SCHEMA, required: false }],
    },
    { id: 'Group', name: 'Group', endpoint: '/Groups', description: 'A group of people', schema: GROUP_SCHEMA },
  ].map((type) => ({
    schemas: [TYPE_SCHEMA],
    ...type,
    meta: { resourceType: 'ResourceType', location: locationOf(ctx, `ResourceTypes/${type.id}`) },
  }))

export const resourceTypesToWire = (ctx: Config) => listed(resourceTypes(ctx))

/** Throws SCIM_NOT_FOUND. */
export function oneResourceType(ctx: Config, name: string) {
  const type = resourceTypes(ctx).find(({ id }) => id.toLowerCase() === name.toLowerCase())
  if (!type) throw resourceNotFound()
  return type
}
