import type { Command } from './support/arguments.ts'
import { copySwaggerAssets } from './support/assets.ts'
import { bundleStage } from './support/bundle.ts'
import { withFilesInMemory } from './support/memory-folder.ts'
import { runStages, STATIC_STAGES, vitestStage } from './support/stages.ts'
import { provideSystemPrograms } from './support/system-programs.ts'

export const command = {
  call: 'npm test',
  about: 'Runs every check and test. The last line alone is the sum; on CI a test that cannot run has failed.',
} as const satisfies Command

export async function main(): Promise<void> {
  await provideSystemPrograms()
  await copySwaggerAssets()
  const stages = [
    ...STATIC_STAGES,
    vitestStage('unit and conformance tests', [], 18),
    bundleStage,
    vitestStage('end-to-end tests', ['--config', 'test/e2e/vitest.config.ts'], 12),
  ]
  const sum = await withFilesInMemory(() => runStages(stages))
  const onCi = Boolean(process.env.CI)
  for (const name of sum.skipped) console.log(`${onCi ? 'not run, which fails on CI' : 'skipped'}: ${name}`)
  const failed = sum.failed + (onCi ? sum.skipped.length : 0)
  console.log(`${sum.passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
}
