import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'
import { join, relative, resolve } from 'node:path'
import type { Arguments, Command } from './support/arguments.ts'
import { BUILD_FOLDER, buildWorker } from './support/build.ts'
import { PROJECT_ROOT } from './support/project.ts'
import { Refusal } from './support/refusal.ts'

const folder = join(PROJECT_ROOT, BUILD_FOLDER)
const POSITION = /([\w.-]+\.mjs):(\d+):(\d+)/g

async function readMap(file: string): Promise<SourceMap | null> {
  const text = await readFile(join(folder, `${file}.map`), 'utf8').catch(() => null)
  return text === null ? null : new SourceMap(JSON.parse(text))
}

/** The position in the sources; the built one when no file of this build has it. */
function sourceOf(map: SourceMap | null | undefined, built: string, line: number, column: number): string {
  const entry = map?.findEntry(line - 1, column - 1)
  if (!entry || !('originalSource' in entry)) return built
  const source = relative(PROJECT_ROOT, resolve(folder, entry.originalSource))
  return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`
}

export const command = {
  call: 'npm run stack',
  about: 'Says where the frames of a log line stand in the sources of this commit.',
  operands: [{ name: 'FRAMES', about: 'such as "at a (index.mjs:1:2345) | …"', isRepeated: true }],
} as const satisfies Command

export async function main({ operands }: Arguments<typeof command>): Promise<void> {
  const stack = operands.join(' ')
  const files = [...new Set([...stack.matchAll(POSITION)].map(([, file = '']) => file))]
  if (files.length === 0) throw new Refusal('give the `stack` of a log line: frames such as `at a (index.mjs:1:2345)`')
  await buildWorker()
  const maps = new Map(await Promise.all(files.map(async (file) => [file, await readMap(file)] as const)))
  const unknown = files.filter((file) => !maps.get(file))
  if (unknown.length > 0) console.error(`of another commit: ${unknown.join(', ')}`)
  const mapped = stack.replace(POSITION, (built: string, file: string, line: string, column: string) =>
    sourceOf(maps.get(file), built, Number(line), Number(column)),
  )
  console.log(mapped.split(' | ').join('\n'))
}
