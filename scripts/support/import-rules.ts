import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { capture } from './command.ts'
import { PROJECT_ROOT } from './project.ts'

const CRUISER = join(PROJECT_ROOT, 'node_modules/.bin/depcruise')
/** Files with their types, and folders at run time. */
const CONFIGS = ['.dependency-cruiser.cjs', '.dependency-cruiser.folders.cjs'].map((name) => join(PROJECT_ROOT, name))

/** For each rule a file that breaks it, and what it imports. */
const VIOLATIONS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'no-cycles': ['src/lib/chicken.ts', 'src/lib/egg.ts'],
  'no-unresolved': ['src/lib/lost.ts', 'nowhere-to-be-found'],
  'lib-is-a-leaf': ['src/lib/climber.ts', 'src/db/client.ts'],
  'lib-knows-no-framework': ['src/lib/framework.ts', 'hono'],
  'db-knows-no-feature': ['src/db/curious.ts', 'src/features/users/tables.ts'],
  'revocation-is-a-leaf': ['src/revocation/climber.ts', 'src/db/client.ts'],
  'http-knows-no-feature': ['src/http/curious.ts', 'src/features/users/types.ts'],
  'only-the-worker-mounts': ['src/features/users/mounting.ts', 'src/jobs.ts'],
  'only-the-mounts-list-user-data': ['src/features/account/listing.ts', 'src/user-data.ts'],
  'objects-know-no-http': ['src/durable/web.ts', 'src/http/router.ts'],
  'objects-know-no-feature': ['src/durable/reader.ts', 'src/features/users/service.ts'],
  'objects-are-called-by-contract': ['src/features/users/intimate.ts', 'src/durable/hub.ts'],
  'core-knows-no-compat': ['src/features/users/partial.ts', 'src/compat/janux/wire.ts'],
  'compat-speaks-to-services': ['src/compat/janux/reader.ts', 'src/features/users/store.ts'],
  'compat-surfaces-are-strangers': ['src/compat/janux/neighbour.ts', 'src/compat/users-api/wire.ts'],
  'compat-common-knows-no-surface': ['src/compat/shared.ts', 'src/compat/janux/wire.ts'],
  'surfaces-are-mounted-whole': ['src/app.ts', 'src/compat/janux/routes.ts'],
  'features-meet-at-service': ['src/features/sign-in/shortcut.ts', 'src/features/users/store.ts'],
  'wires-share-shapes': ['src/features/sign-in/wire.ts', 'src/features/users/rules.ts'],
  'foreign-tables-only-in-stores': ['src/features/sign-in/joining.ts', 'src/features/users/tables.ts'],
  'every-feature-has-its-place': ['src/features/homeless/service.ts', 'src/lib/time.ts'],
  'no-folder-cycles': ['src/durable/round.ts', 'src/lib/trip.ts'],
  'rules-are-pure': ['src/features/sign-in/rules.ts', 'src/features/users/service.ts'],
  'only-stores-touch-sql': ['src/features/sign-in/sql.ts', 'drizzle-orm'],
  'core-knows-no-http': ['src/features/sign-in/service.ts', 'hono'],
  'core-takes-only-types-of-the-guard': ['src/features/oauth/service.ts', 'src/http/guard.ts'],
  'routes-skip-no-layer': ['src/features/users/routes.ts', 'src/features/users/store.ts'],
  'wire-is-shape-only': ['src/features/users/wire.ts', 'src/features/users/tables.ts'],
  'no-tools-in-the-worker': ['src/lib/tooling.ts', 'test/support/app.ts'],
  'no-development-packages-in-the-worker': ['src/lib/bundling.ts', 'esbuild'],
}

/** What imports do not tell: who writes the rows of users. A change there has consequences, and `changeUser` draws them. */
const ONLY_WRITER = 'only-the-store-of-users-writes-users'
const WRITES_USERS =
  /\b(?:(?:update|insert|delete)\(\s*users\s*\)|(?:update|insert into|delete from) (?:\$\{users\}|users\b))/
const WRITER = /^src\/features\/users\/store(?:\/|\.ts$)/
const FOREIGN_WRITERS: Readonly<Record<string, string>> = {
  'src/features/sign-in/store/writer.ts': 'export const there = db.update(users).set({ authVersion: 2 })',
  'src/features/users/service/writer.ts': 'export const there = db\n  .delete(users)',
  'src/features/admin/store/writer.ts': 'export const there = sql`update users set role = null`',
}

async function findForeignWriters(folder: string): Promise<string[]> {
  const files = await readdir(join(folder, 'src'), { recursive: true })
  const sources = files.map((file) => `src/${file}`).filter((file) => file.endsWith('.ts') && !WRITER.test(file))
  const texts = await Promise.all(sources.map((file) => readFile(join(folder, file), 'utf8')))
  return sources.filter((_, index) => WRITES_USERS.test(texts[index] ?? ''))
}

interface Cruise {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { name: string } }[]
  }
  readonly modules: readonly { readonly source: string }[]
}

interface Rule {
  readonly name: string
  readonly to: { readonly path?: string }
}

const rulesOf = (config: string): readonly Rule[] =>
  (createRequire(import.meta.url)(config) as { forbidden: readonly Rule[] }).forbidden

async function cruise(folder: string, config: string): Promise<Cruise> {
  const args = ['src', '--config', config, '--output-type', 'json', '--no-progress']
  const { stdout, stderr } = await capture(CRUISER, args, { cwd: folder })
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Cruise
}

const cruiseAll = (folder: string): Promise<Cruise[]> => Promise.all(CONFIGS.map((config) => cruise(folder, config)))

/** Violations in the tree. A cruise that saw fewer modules than `src` has files is one: it would find nothing. */
export async function findViolations(): Promise<string[]> {
  const files = await readdir(join(PROJECT_ROOT, 'src'), { recursive: true })
  const sources = files.filter((file) => file.endsWith('.ts')).length
  const cruises = await cruiseAll(PROJECT_ROOT)
  const seen = (cruises[0]?.modules ?? []).filter(({ source }) => /^src\/.*\.ts$/.test(source)).length
  const blind = seen < sources ? [`${seen} modules were cruised, src has ${sources}`] : []
  const violations = cruises.flatMap(({ summary }) => summary.violations)
  const writers = await findForeignWriters(PROJECT_ROOT)
  return [
    ...blind,
    ...violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`),
    ...writers.map((file) => `${ONLY_WRITER}: ${file}`),
  ]
}

/** As `VIOLATIONS`: a feature that uses the first of those behind it. */
const violationOf = ({ name, to }: Rule): readonly [from: string, to: string] | undefined => {
  const later = /^\^src\/features\/\(([^|)]+)/.exec(to.path ?? '')?.[1]
  return name.startsWith('order: ')
    ? [`src/features/${name.slice('order: '.length)}/too-early.ts`, `src/features/${later}/service.ts`]
    : VIOLATIONS[name]
}

const specifier = (from: string, to: string): string =>
  to.includes('/') && to.endsWith('.ts') ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to

/** A small tree in which every rule is broken once. */
async function seed(folder: string, rules: readonly Rule[]): Promise<void> {
  const write = async (file: string, text: string) => {
    await mkdir(join(folder, dirname(file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  const pairs = rules.map(violationOf).filter((pair) => pair !== undefined)
  for (const [, to] of pairs) if (to.endsWith('.ts')) await write(to, 'export const here = 1\n')
  for (const [from, to] of pairs) await write(from, `import '${specifier(from, to)}'\nexport const there = 1\n`)
  // The way back of each cycle.
  const [chicken, egg] = VIOLATIONS['no-cycles'] ?? ['', '']
  await write(egg, `import '${specifier(egg, chicken)}'\nexport const here = 1\n`)
  await write('src/lib/back.ts', "import '../durable/home.ts'\nexport const here = 1\n")
  await write('src/durable/home.ts', 'export const here = 1\n')
  for (const [file, text] of Object.entries(FOREIGN_WRITERS)) await write(file, `${text}\n`)
  await symlink(join(PROJECT_ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const file of ['package.json', 'tsconfig.json']) await symlink(join(PROJECT_ROOT, file), join(folder, file))
}

/** Rules of the configurations that did not catch their seeded violation, or have none. */
export async function findBluntRules(): Promise<{ rules: number; blunt: string[] }> {
  const rules = CONFIGS.flatMap(rulesOf)
  const folder = await mkdtemp(join(tmpdir(), 'postern-rules-'))
  try {
    await seed(folder, rules)
    const cruises = await cruiseAll(folder)
    const caught = new Set(
      cruises.flatMap(({ summary }) => summary.violations).map(({ rule, from }) => `${rule.name} ${from}`),
    )
    const isCaught = (rule: Rule) => {
      const from = violationOf(rule)?.[0] ?? ''
      // A cycle of folders is told by the folder.
      return caught.has(`${rule.name} ${from}`) || caught.has(`${rule.name} ${dirname(from)}`)
    }
    const writers = await findForeignWriters(folder)
    const isMissed = Object.keys(FOREIGN_WRITERS).some((file) => !writers.includes(file))
    const blunt = rules.filter((rule) => !isCaught(rule)).map(({ name }) => name)
    return { rules: rules.length + 1, blunt: isMissed ? [...blunt, ONLY_WRITER] : blunt }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
