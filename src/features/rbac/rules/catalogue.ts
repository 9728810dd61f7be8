/** A permission that Postern has words for. Roles and grants may name others, for applications. */
export interface KnownPermission {
  readonly permission: string
  readonly description: string
  readonly category: Category
}

type Category = 'system' | 'organization' | 'users' | 'settings' | 'integrations' | 'webhooks' | 'api_keys' | 'billing'

type Words = readonly [permission: string, description: string]

const WORDS: Readonly<Record<Category, readonly Words[]>> = {
  system: [['*', 'Everything']],
  organization: [
    ['org:read', 'See the organization'],
    ['org:update', 'Change the organization'],
    ['org:delete', 'Delete the organization'],
  ],
  users: [
    ['users:*', 'Everything about users'],
    ['users:create', 'Add users'],
    ['users:read', 'See users'],
    ['users:read:self', 'See oneself'],
    ['users:update', 'Change users'],
    ['users:update:self', 'Change oneself'],
    ['users:delete', 'Remove users'],
  ],
  settings: [
    ['settings:read', 'See settings'],
    ['settings:update', 'Change settings'],
  ],
  integrations: manage('integrations', 'integrations'),
  webhooks: manage('webhooks', 'webhooks'),
  api_keys: manage('api_keys', 'API keys'),
  billing: [
    ['billing:read', 'See bills and the plan'],
    ['billing:update', 'Change the plan and how it is paid'],
  ],
}

function manage(resource: string, name: string): readonly Words[] {
  return [
    [`${resource}:*`, `Everything about ${name}`],
    [`${resource}:create`, `Create ${name}`],
    [`${resource}:read`, `See ${name}`],
    [`${resource}:update`, `Change ${name}`],
    [`${resource}:delete`, `Delete ${name}`],
  ]
}

/** The catalogue of permissions. */
export const KNOWN_PERMISSIONS: readonly KnownPermission[] = Object.entries(WORDS).flatMap(([category, words]) =>
  words.map(([permission, description]) => ({ permission, description, category: category as Category })),
)
