import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { capture, run } from './command.ts'
import { findBluntRules, findViolations } from './import-rules.ts'
import { bin, PROJECT_ROOT } from './project.ts'
import { startupStage } from './startup.ts'

export interface Outcome {
  readonly passed: number
  readonly failed: number
  /** Names of tests that did not run, each with its reason. */
  readonly skipped: readonly string[]
  /** Names of tests that failed: they are told again at the end, below all that passed. */
  readonly failures?: readonly string[]
}

export interface Stage {
  readonly name: string
  run(): Promise<Outcome>
}

const one = (good: boolean): Outcome => ({ passed: good ? 1 : 0, failed: good ? 0 : 1, skipped: [] })

type Call = readonly [command: string, ...args: string[]]

/** A check by commands that run at the same time, and are silent when they are content. */
const check = (name: string, ...calls: readonly Call[]): Stage => ({
  name,
  async run() {
    const results = await Promise.all(calls.map(([command, ...args]) => capture(command, args)))
    const failed = results.filter(({ code }) => code !== 0)
    for (const { stdout, stderr } of failed) console.log(`${stdout}${stderr}`.trimEnd())
    return { passed: calls.length - failed.length, failed: failed.length, skipped: [] }
  },
})

const importRules: Stage = {
  name: 'import rules',
  async run() {
    const violations = await findViolations()
    for (const violation of violations) console.log(violation)
    return one(violations.length === 0)
  },
}

const importRulesBite: Stage = {
  name: 'import rules catch seeded violations',
  async run() {
    const { rules, blunt } = await findBluntRules()
    for (const name of blunt) console.log(`${name} caught nothing`)
    return { passed: rules - blunt.length, failed: blunt.length, skipped: [] }
  },
}

/** The compiler that checks types in half the time; tools that call it as a library need the other (decision 0302). */
const TSC = 'node_modules/typescript-7/bin/tsc'

/** Everything that needs no running service. */
export const STATIC_STAGES: readonly Stage[] = [
  check('format and lint', [bin('biome'), 'ci', '--error-on-warnings', '.']),
  check(
    'types of the Worker and its tests, of scripts and end-to-end tests',
    [process.execPath, TSC, '--project', 'tsconfig.json'],
    [process.execPath, TSC, '--project', 'tsconfig.tools.json'],
  ),
  importRules,
  importRulesBite,
  check('dead code', [bin('knip')]),
  startupStage,
  check('generated documents', [process.execPath, 'scripts/generate-docs.mjs', '--check']),
  check('argon2id module', [process.execPath, 'scripts/argon2id-wasm.mjs', '--check']),
  check('PBKDF2 module', [process.execPath, 'scripts/pbkdf2-wasm.mjs', '--check']),
]

/** The part of vitest's JSON report that is read here. */
interface VitestReport {
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

function countReport({ testResults }: VitestReport): Outcome {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults)
  const count = (status: string) => tests.filter((test) => test.status === status).length
  // A file that does not load has no tests to count.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((assertion) => assertion.status === 'failed'),
  ).length
  const skipped = tests.filter(({ status }) => status !== 'passed' && status !== 'failed')
  const failures = testResults.flatMap(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((assertion) => assertion.status === 'failed')
    const file = relative(PROJECT_ROOT, name)
    return status === 'failed' && failed.length === 0 ? [file] : failed.map(({ fullName }) => `${file}: ${fullName}`)
  })
  return {
    passed: count('passed'),
    failed: count('failed') + broken,
    skipped: skipped.map(({ fullName }) => fullName),
    failures,
  }
}

/** A vitest run, counted test by test. */
export function vitestStage(name: string, args: readonly string[], minutes: number): Stage {
  return {
    name,
    async run() {
      const folder = await mkdtemp(join(tmpdir(), 'postern-report-'))
      const file = join(folder, 'report.json')
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
      try {
        const code = await run(bin('vitest'), ['run', ...args, ...reporters], { minutes })
        const text = await readFile(file, 'utf8').catch(() => undefined)
        if (text === undefined) return one(false)
        const outcome = countReport(JSON.parse(text) as VitestReport)
        // An error outside of any test leaves no row in the report, only the exit code.
        return code === 0 || outcome.failed > 0 ? outcome : { ...outcome, failed: 1 }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

/** Runs stages one after another, tells of each how it went, and sums them. */
export async function runStages(stages: readonly Stage[]): Promise<Outcome> {
  const sum = { passed: 0, failed: 0, skipped: [] as string[] }
  const failures: string[] = []
  for (const stage of stages) {
    console.log(`\n== ${stage.name}`)
    const started = performance.now()
    const outcome = await stage.run()
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(`-- ${stage.name}: ${outcome.passed} passed, ${outcome.failed} failed, ${seconds} s`)
    sum.passed += outcome.passed
    sum.failed += outcome.failed
    sum.skipped.push(...outcome.skipped)
    if (outcome.failed > 0)
      failures.push(`${stage.name} (${outcome.failed})`, ...(outcome.failures ?? []).map((name) => `  ${name}`))
  }
  console.log(failures.length > 0 ? `\nFailed:\n${failures.join('\n')}` : '')
  return sum
}
