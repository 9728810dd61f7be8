// Who may import whom (docs/architecture.md). Each rule is seen to catch a seeded violation: scripts/support/import-rules.ts.
const IN_FEATURE = '^src/features/((?:factors/)?[^/]+)/'
const role = (...names) => `/(${names.join('|')})(/|\\.tsx?$)`
/** Features in their order: each may use the services of those before it. */
const FEATURES = [
  'localization',
  'retention',
  'events',
  'keys',
  'clients',
  'mail',
  'links',
  'users',
  'memberships',
  'rbac',
  'domains',
  'sessions',
  'maintenance',
  'policies',
  'validation',
  'factors/password',
  'factors/totp',
  'factors/passkeys',
  'factors/identities',
  'sockets',
  'sign-in',
  'invitations',
  'organizations',
  'oauth',
  'federation',
  'sso',
  'account',
  'user-import',
  'webhooks',
  'scim',
  'health',
  'audit',
  'privacy',
  'admin',
  'pages',
  'compliance',
  'docs',
]
const feature = (names) => `^src/features/(${names.join('|')})/`
const orderRules = FEATURES.slice(0, -1).map((name, index) => ({
  name: `order: ${name}`,
  severity: 'error',
  from: { path: feature([name]) },
  to: { path: feature(FEATURES.slice(index + 1)), dependencyTypesNot: ['type-only'] },
}))

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(cloudflare:|node:)' },
    },
    {
      name: 'lib-is-a-leaf',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: '^src/(?!lib/)' },
    },
    {
      name: 'lib-knows-no-framework',
      severity: 'error',
      from: { path: '^src/lib/' },
      to: { path: 'node_modules/(hono|drizzle-orm)/' },
    },
    {
      name: 'db-knows-no-feature',
      severity: 'error',
      from: { path: '^src/db/' },
      to: { path: '^src/(http|compat|features|durable|revocation)/' },
    },
    {
      name: 'revocation-is-a-leaf',
      severity: 'error',
      from: { path: '^src/revocation/' },
      to: { path: '^src/(?!lib/|revocation/)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'http-knows-no-feature',
      severity: 'error',
      from: { path: '^src/http/' },
      to: { path: '^src/(features|compat)/' },
    },
    {
      name: 'only-the-worker-mounts',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(index|worker)\\.ts$' },
      to: { path: '^src/(index|worker|app|jobs)\\.ts$' },
    },
    {
      // Features above account hold data of users, too: the list is passed to the erasure.
      name: 'only-the-mounts-list-user-data',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(app|jobs)\\.ts$' },
      to: { path: '^src/user-data\\.ts$' },
    },
    {
      name: 'objects-know-no-http',
      severity: 'error',
      from: { path: '^src/durable/' },
      to: { path: '(node_modules/hono/|^src/(http|compat)/)' },
    },
    {
      name: 'objects-know-no-feature',
      severity: 'error',
      from: { path: '^src/durable/' },
      to: { path: '^src/features/' },
    },
    {
      // What a socket and an object say to each other is a contract of both sides, as the RPC is.
      name: 'objects-are-called-by-contract',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(index\\.ts$|durable/)' },
      to: {
        path: '^src/durable/',
        pathNot: [
          '^src/durable/rpc\\.ts$',
          '^src/durable/user-authority/contents\\.ts$',
          '^src/durable/sockets/(channels|closing|cursor|frames|upgrade)\\.ts$',
        ],
      },
    },
    {
      name: 'core-knows-no-compat',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(compat/|app\\.ts)' },
      to: { path: '^src/compat/' },
    },
    {
      name: 'compat-speaks-to-services',
      severity: 'error',
      from: { path: '^src/compat/' },
      to: { path: '^src/features/', pathNot: role('service', 'errors', 'types') },
    },
    {
      name: 'compat-surfaces-are-strangers',
      severity: 'error',
      from: { path: '^src/compat/([^/]+)/' },
      to: { path: '^src/compat/[^/]+/', pathNot: '^src/compat/$1/' },
    },
    {
      // What surfaces share outlives each of them.
      name: 'compat-common-knows-no-surface',
      severity: 'error',
      from: { path: '^src/compat/[^/]+\\.ts$' },
      to: { path: '^src/compat/[^/]+/' },
    },
    {
      // A folder and its mount line are all there is to delete.
      name: 'surfaces-are-mounted-whole',
      severity: 'error',
      from: { path: '^src/app\\.ts$' },
      to: { path: '^src/compat/[^/]+/', pathNot: '^src/compat/[^/]+/surface\\.ts$' },
    },
    {
      name: 'features-meet-at-service',
      severity: 'error',
      from: { path: IN_FEATURE, pathNot: role('routes', 'wire') },
      to: { path: '^src/features/', pathNot: ['^src/features/$1/', role('service', 'types', 'tables', 'errors')] },
    },
    {
      // One shape of a user, wherever it is answered.
      name: 'wires-share-shapes',
      severity: 'error',
      from: { path: `${IN_FEATURE}(?:routes|wire)(/|\\.ts$)` },
      to: { path: '^src/features/', pathNot: ['^src/features/$1/', role('service', 'types', 'wire', 'errors')] },
    },
    {
      // A row's type is the domain's: whoever calls the service may name it.
      name: 'foreign-tables-only-in-stores',
      severity: 'error',
      from: { path: IN_FEATURE, pathNot: role('store') },
      to: {
        path: '^src/features/.+/tables\\.ts$',
        pathNot: '^src/features/$1/',
        dependencyTypesNot: ['type-only'],
      },
    },
    ...orderRules,
    {
      // Whatever it imports: a feature that stands in no place may use all others.
      name: 'every-feature-has-its-place',
      severity: 'error',
      from: { path: '^src/features/', pathNot: feature(FEATURES) },
      to: {},
    },
    {
      name: 'rules-are-pure',
      severity: 'error',
      from: { path: '^src/features/.+/rules(/|\\.ts$)' },
      to: {
        path: '^src/',
        pathNot: ['^src/lib/', role('rules', 'types', 'errors')],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-stores-touch-sql',
      severity: 'error',
      from: { path: '^src/(features|compat)/', pathNot: role('store', 'tables') },
      to: { path: 'node_modules/drizzle-orm/' },
    },
    {
      name: 'core-knows-no-http',
      severity: 'error',
      from: { path: role('service', 'store', 'rules', 'errors', 'tables', 'types') },
      to: { path: '(node_modules/hono/|^src/http/)', pathNot: '^src/http/guard\\.ts$' },
    },
    {
      // The verifier's contract is stated by the guard, which knows no feature.
      name: 'core-takes-only-types-of-the-guard',
      severity: 'error',
      from: { path: role('service', 'store', 'rules', 'errors', 'tables', 'types') },
      to: { path: '^src/http/guard\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'routes-skip-no-layer',
      severity: 'error',
      from: { path: role('routes') },
      to: { path: role('store', 'tables'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'wire-is-shape-only',
      severity: 'error',
      from: { path: role('wire') },
      // Pages are shapes too.
      to: { path: `(node_modules/hono/(?!dist/(types/)?jsx/)|${role('store', 'tables', 'routes')})` },
    },
    {
      name: 'no-tools-in-the-worker',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|examples)/' },
    },
    {
      name: 'no-development-packages-in-the-worker',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  required: [],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types'] },
  },
}
