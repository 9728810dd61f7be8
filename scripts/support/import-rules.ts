import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { capture } from './command.ts'
import { PROJECT_ROOT } from './project.ts'

const CRUISER = join(PROJECT_ROOT, 'node_modules/.bin/depcruise')
const CONFIG = join(PROJECT_ROOT, '.dependency-cruiser.cjs')

/** For each rule a file that breaks it, and what it imports. */
const VIOLATIONS: Readonly<Record<string, readonly [from: string, to: string]>> = {
  'no-cycles': ['src/lib/chicken.ts', 'src/lib/egg.ts'],
  'no-unresolved': ['src/lib/lost.ts', 'nowhere-to-be-found'],
  'lib-is-a-leaf': ['src/lib/climber.ts', 'src/db/client.ts'],
  'lib-knows-no-framework': ['src/lib/framework.ts', 'hono'],
  'db-knows-only-tables': ['src/db/curious.ts', 'src/features/users/service.ts'],
  'http-knows-no-feature': ['src/http/curious.ts', 'src/features/users/types.ts'],
  'only-the-worker-mounts': ['src/features/users/mounting.ts', 'src/jobs.ts'],
  'objects-know-no-http': ['src/durable/web.ts', 'src/http/router.ts'],
  'objects-call-services': ['src/durable/reader.ts', 'src/features/users/store.ts'],
  'objects-are-called-by-contract': ['src/features/users/intimate.ts', 'src/durable/hub.ts'],
  'core-knows-no-compat': ['src/features/users/partial.ts', 'src/compat/janux/wire.ts'],
  'compat-speaks-to-services': ['src/compat/janux/reader.ts', 'src/features/users/store.ts'],
  'compat-surfaces-are-strangers': ['src/compat/janux/neighbour.ts', 'src/compat/users-api/wire.ts'],
  'compat-common-knows-no-surface': ['src/compat/shared.ts', 'src/compat/janux/wire.ts'],
  'surfaces-are-mounted-whole': ['src/app.ts', 'src/compat/janux/routes.ts'],
  'features-meet-at-service': ['src/features/auth/shortcut.ts', 'src/features/users/store.ts'],
  'wires-share-shapes': ['src/features/auth/wire.ts', 'src/features/users/rules.ts'],
  'foreign-tables-only-in-stores': ['src/features/auth/joining.ts', 'src/features/users/tables.ts'],
  'tier-1-uses-no-tier-2': ['src/features/users/upward.ts', 'src/features/mfa/service.ts'],
  'tier-3-is-used-by-nobody': ['src/features/mfa/upward.ts', 'src/features/audit/service.ts'],
  'rules-are-pure': ['src/features/auth/rules.ts', 'src/features/users/service.ts'],
  'only-stores-touch-sql': ['src/features/auth/sql.ts', 'drizzle-orm'],
  'core-knows-no-http': ['src/features/auth/service.ts', 'hono'],
  'core-takes-only-types-of-the-guard': ['src/features/mfa/service.ts', 'src/http/guard.ts'],
  'routes-skip-no-layer': ['src/features/users/routes.ts', 'src/features/users/store.ts'],
  'wire-is-shape-only': ['src/features/users/wire.ts', 'src/features/users/tables.ts'],
  'no-tools-in-the-worker': ['src/lib/tooling.ts', 'test/support/app.ts'],
  'no-development-packages-in-the-worker': ['src/lib/bundling.ts', 'esbuild'],
}

interface Cruise {
  readonly summary: {
    readonly totalCruised: number
    readonly violations: readonly { readonly from: string; readonly to: string; readonly rule: { name: string } }[]
  }
  readonly modules: readonly { readonly source: string }[]
}

async function cruise(folder: string): Promise<Cruise> {
  const { stdout, stderr } = await capture(
    CRUISER,
    ['src', '--config', CONFIG, '--output-type', 'json', '--no-progress'],
    { cwd: folder },
  )
  if (stdout === '') throw new Error(stderr)
  return JSON.parse(stdout) as Cruise
}

/** Violations in the tree. A cruise that saw fewer modules than `src` has files is one: it would find nothing. */
export async function findViolations(): Promise<string[]> {
  const files = await readdir(join(PROJECT_ROOT, 'src'), { recursive: true })
  const sources = files.filter((file) => file.endsWith('.ts')).length
  const { summary, modules } = await cruise(PROJECT_ROOT)
  const seen = modules.filter(({ source }) => source.startsWith('src/') && source.endsWith('.ts')).length
  const blind = seen < sources ? [`${seen} modules were cruised, src has ${sources}`] : []
  return [...blind, ...summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)]
}

const specifier = (from: string, to: string): string =>
  to.includes('/') && to.endsWith('.ts') ? `${'../'.repeat(from.split('/').length - 1)}${to}` : to

/** A small tree in which every rule is broken once. */
async function seed(folder: string): Promise<void> {
  const write = async (file: string, text: string) => {
    await mkdir(join(folder, dirname(file)), { recursive: true })
    await writeFile(join(folder, file), text)
  }
  const pairs = Object.values(VIOLATIONS)
  for (const [, to] of pairs) if (to.endsWith('.ts')) await write(to, 'export const here = 1\n')
  for (const [from, to] of pairs) await write(from, `import '${specifier(from, to)}'\nexport const there = 1\n`)
  const [chicken, egg] = VIOLATIONS['no-cycles'] ?? ['', '']
  await write(egg, `import '${specifier(egg, chicken)}'\nexport const here = 1\n`)
  await symlink(join(PROJECT_ROOT, 'node_modules'), join(folder, 'node_modules'))
  for (const file of ['package.json', 'tsconfig.json']) await symlink(join(PROJECT_ROOT, file), join(folder, file))
}

/** Rules of the configuration that did not catch their seeded violation, or have none. */
export async function findBluntRules(): Promise<{ rules: number; blunt: string[] }> {
  const { forbidden } = createRequire(import.meta.url)(CONFIG) as { forbidden: { name: string }[] }
  const folder = await mkdtemp(join(tmpdir(), 'postern-rules-'))
  try {
    await seed(folder)
    const { summary } = await cruise(folder)
    const caught = new Set(summary.violations.map(({ rule, from }) => `${rule.name} ${from}`))
    const names = forbidden.map(({ name }) => name)
    return { rules: names.length, blunt: names.filter((name) => !caught.has(`${name} ${VIOLATIONS[name]?.[0]}`)) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
