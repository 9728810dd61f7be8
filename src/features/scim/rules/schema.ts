import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from '../types.ts'

// What is stored, and how it is read, filtered, patched and described at /Schemas: one table.

export interface Attribute {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'reference' | 'dateTime' | 'binary' | 'complex'
  readonly isList: boolean
  readonly isRequired: boolean
  readonly isCaseExact: boolean
  /** `dropped`: taken and thrown away, and not described. */
  readonly mutability: 'readWrite' | 'readOnly' | 'immutable' | 'dropped'
  readonly uniqueness: 'none' | 'server'
  readonly returned: 'default' | 'always'
  readonly description: string
  readonly canonicalValues?: readonly string[]
  readonly referenceTypes?: readonly string[]
  readonly subAttributes: readonly Attribute[]
}

const PLAIN = {
  type: 'string',
  isList: false,
  isRequired: false,
  isCaseExact: false,
  mutability: 'readWrite',
  uniqueness: 'none',
  returned: 'default',
  subAttributes: [],
} as const

type Rest = Partial<Omit<Attribute, 'name' | 'description'>>

const text = (name: string, description: string, rest: Rest = {}): Attribute => ({
  ...PLAIN,
  name,
  description,
  ...rest,
})

const complex = (name: string, description: string, subAttributes: readonly Attribute[], rest: Rest = {}) =>
  text(name, description, { type: 'complex', subAttributes, ...rest })

/** RFC 7643 2.4. */
const list = (name: string, description: string, types: readonly string[], value: Rest = {}): Attribute =>
  complex(
    name,
    description,
    [
      text('value', 'The value', value),
      text('display', 'A name for people'),
      text('type', 'What it is for', types.length > 0 ? { canonicalValues: types } : {}),
      text('primary', 'Whether it is the preferred one', { type: 'boolean' }),
    ],
    { isList: true },
  )

const readOnly = { mutability: 'readOnly' } as const

/** RFC 7643 3.1. */
const COMMON: readonly Attribute[] = [
  text('id', 'The id that the service gave', { ...readOnly, isCaseExact: true, returned: 'always' }),
  text('externalId', "The directory's own id", { isCaseExact: true }),
  complex(
    'meta',
    'What the service says of the resource',
    [
      text('resourceType', 'Its type', readOnly),
      text('created', 'When it was made', { ...readOnly, type: 'dateTime' }),
      text('lastModified', 'When it was changed', { ...readOnly, type: 'dateTime' }),
      text('location', 'Its address', { ...readOnly, type: 'reference', referenceTypes: ['uri'] }),
      text('version', 'Its version, as ETag', readOnly),
    ],
    readOnly,
  ),
  text('schemas', 'URNs of its schemas', { ...readOnly, isList: true, returned: 'always' }),
]

const USER: readonly Attribute[] = [
  text('userName', 'The name at the directory, unique in the organization', { isRequired: true, uniqueness: 'server' }),
  complex('name', 'The name of the person', [
    text('formatted', 'The whole name'),
    text('familyName', 'Family name'),
    text('givenName', 'Given name'),
    text('middleName', 'Middle names'),
    text('honorificPrefix', 'Titles before it'),
    text('honorificSuffix', 'Suffixes behind it'),
  ]),
  text('displayName', 'The name to show'),
  text('nickName', 'A casual name'),
  text('profileUrl', 'The address of a profile', { type: 'reference', referenceTypes: ['external'] }),
  text('title', 'The title at work'),
  text('userType', 'How the person relates to the organization'),
  text('preferredLanguage', 'A language, as Accept-Language has it'),
  text('locale', 'A locale'),
  text('timezone', 'A time zone of the IANA database'),
  text('active', 'Whether the person may use the organization', { type: 'boolean' }),
  text('password', 'Never stored', { mutability: 'dropped' }),
  list('emails', 'Addresses', ['work', 'home', 'other']),
  list('phoneNumbers', 'Numbers, as they were sent', ['work', 'home', 'mobile', 'fax', 'pager', 'other']),
  list('ims', 'Addresses of instant messages', []),
  list('photos', 'Addresses of pictures', ['photo', 'thumbnail'], { type: 'reference', referenceTypes: ['external'] }),
  complex(
    'addresses',
    'Where the person is',
    [
      text('formatted', 'The whole address'),
      text('streetAddress', 'Street and number'),
      text('locality', 'City'),
      text('region', 'State or region'),
      text('postalCode', 'Postal code'),
      text('country', 'Country'),
      text('type', 'What it is for', { canonicalValues: ['work', 'home', 'other'] }),
      text('primary', 'Whether it is the preferred one', { type: 'boolean' }),
    ],
    { isList: true },
  ),
  complex(
    'groups',
    'The groups that the person is in',
    [
      text('value', 'The id of the group', readOnly),
      text('$ref', 'Its address', { ...readOnly, type: 'reference', referenceTypes: ['Group'] }),
      text('display', 'Its name', readOnly),
      text('type', 'How: always directly', { ...readOnly, canonicalValues: ['direct'] }),
    ],
    { ...readOnly, isList: true },
  ),
  list('entitlements', 'What the person may have', []),
  list('roles', 'Roles at the directory: they grant nothing here', []),
  list('x509Certificates', 'Certificates', [], { type: 'binary' }),
]

const ENTERPRISE: readonly Attribute[] = [
  text('employeeNumber', 'The number of the employee'),
  text('costCenter', 'A cost center'),
  text('organization', 'An organization'),
  text('division', 'A division'),
  text('department', 'A department'),
  complex('manager', 'The manager', [
    text('value', 'The id of the manager, as the directory sent it'),
    text('$ref', 'The address of the manager', { type: 'reference', referenceTypes: ['User'] }),
    text('displayName', 'The name of the manager', readOnly),
  ]),
]

const GROUP: readonly Attribute[] = [
  text('displayName', 'The name, unique in the organization', { isRequired: true, uniqueness: 'server' }),
  complex(
    'members',
    'The people in the group',
    [
      text('value', 'The id of the user', { mutability: 'immutable' }),
      text('$ref', 'Its address', { ...readOnly, type: 'reference', referenceTypes: ['User'] }),
      text('type', 'What it is', { ...readOnly, canonicalValues: ['User'] }),
      text('display', 'Its name', readOnly),
    ],
    { isList: true },
  ),
]

/** A schema as /Schemas shows it. */
export interface Schema {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: readonly Attribute[]
}

/** The extension is an attribute of the user whose name is its URN. */
const EXTENSION = complex(ENTERPRISE_SCHEMA, 'What enterprises add', ENTERPRISE)

export const SCHEMAS: readonly Schema[] = [
  { id: USER_SCHEMA, name: 'User', description: 'A person', attributes: [...COMMON, ...USER] },
  { id: GROUP_SCHEMA, name: 'Group', description: 'A group of people', attributes: [...COMMON, ...GROUP] },
  { id: ENTERPRISE_SCHEMA, name: 'EnterpriseUser', description: 'What enterprises add', attributes: ENTERPRISE },
]

/** How the resources of a type are read. */
export interface ResourceSchema {
  readonly urn: string
  readonly root: Attribute
}

export const USER_RESOURCE: ResourceSchema = {
  urn: USER_SCHEMA,
  root: complex('User', 'A person', [...COMMON, ...USER, EXTENSION]),
}
export const GROUP_RESOURCE: ResourceSchema = {
  urn: GROUP_SCHEMA,
  root: complex('Group', 'A group', [...COMMON, ...GROUP]),
}

const indexes = new WeakMap<Attribute, ReadonlyMap<string, Attribute>>()

/** The sub-attribute of this name, in any case. A map: no name of a prototype is in it. */
export function findSub(attribute: Attribute, name: string): Attribute | undefined {
  const known =
    indexes.get(attribute) ?? new Map(attribute.subAttributes.map((sub) => [sub.name.toLowerCase(), sub] as const))
  indexes.set(attribute, known)
  return known.get(name.toLowerCase())
}

/** The attributes from the root to what a name means. */
export type AttributePath = readonly [Attribute, ...Attribute[]]

const NAME = /^[A-Za-z$][\w$-]*$/

/**
 * Reads `attr`, `attr.sub`, and both behind a URN and a colon, or the dot of older directories; a URN alone is the extension.
 * Undefined for what is no attribute.
 */
export function findPath({ urn, root }: ResourceSchema, name: string): AttributePath | undefined {
  const lower = name.toLowerCase()
  const core = `${urn.toLowerCase()}:`
  if (lower.startsWith(core)) return findNames(root, name.slice(core.length))
  const extension = root.subAttributes.find((sub) => lower.startsWith(sub.name.toLowerCase()) && sub.name.includes(':'))
  if (!extension) return findNames(root, name)
  const rest = name.slice(extension.name.length)
  if (rest === '') return [extension]
  const inner = /^[:.]/.test(rest) ? findNames(extension, rest.slice(1)) : undefined
  return inner && [extension, ...inner]
}

function findNames(root: Attribute, name: string): AttributePath | undefined {
  const [first = '', second, ...more] = name.split('.')
  if (more.length > 0 || !NAME.test(first)) return undefined
  const attribute = findSub(root, first)
  if (!attribute || second === undefined) return attribute && [attribute]
  const sub = NAME.test(second) ? findSub(attribute, second) : undefined
  return sub && [attribute, sub]
}

/** What SQLite cannot: comparison without case, in every script. */
export const fold = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC')
