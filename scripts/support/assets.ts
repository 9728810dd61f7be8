import { copyFile, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PROJECT_ROOT } from './project.ts'

const FILES = ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', 'LICENSE', 'NOTICE']

/** Writes nothing where the copy is there already: a running service of this checkout may be reading it. */
async function copyMissing(source: string, target: string): Promise<void> {
  const [wanted, found] = await Promise.all([readFile(source), readFile(target).catch(() => null)])
  if (found === null || !wanted.equals(found)) await copyFile(source, target)
}

/** Puts Swagger UI's files from its package beside our own file of the API reference. Git ignores the copies. */
export async function copySwaggerAssets(): Promise<void> {
  const source = dirname(fileURLToPath(import.meta.resolve('swagger-ui-dist/package.json')))
  const target = join(PROJECT_ROOT, 'public/swagger-ui')
  await Promise.all(FILES.map((name) => copyMissing(join(source, name), join(target, name))))
}
