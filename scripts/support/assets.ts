import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { PROJECT_ROOT } from './project.ts'

const run = promisify(execFile)

/** Puts Swagger UI's files from its package among the Worker's assets. */
export async function copySwaggerAssets(): Promise<void> {
  await run(process.execPath, ['scripts/copy-swagger.mjs'], { cwd: PROJECT_ROOT })
}
