import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { findBrokenVariables, SETTING_NAMES } from '../../src/config.ts'
import { PROJECT_ROOT } from './project.ts'
import { randomToken } from './random.ts'
import { Refusal } from './refusal.ts'

const FILE = join(PROJECT_ROOT, '.dev.vars')

export type Settings = Readonly<Record<string, string>>

export const DEFAULT_PORT = 8787

export const localOrigin = (port: number): string => `http://127.0.0.1:${port}`

/** Writes `.dev.vars` with fresh secrets unless there is one. Returns whether it did. */
export async function makeDevVars(): Promise<boolean> {
  if (existsSync(FILE)) return false
  const lines = [
    '# Settings of the local service, made by `npm start`. Never commit it: whoever has ROOT_SECRET signs tokens.',
    'MODE=local',
    `PUBLIC_URL=${localOrigin(DEFAULT_PORT)}`,
    `ROOT_SECRET=${randomToken(48)}`,
  ]
  await writeFile(FILE, `${lines.join('\n')}\n`, { flag: 'wx', mode: 0o600 })
  return true
}

/** `.dev.vars`, over it the environment. `MODE` is the file's alone: other tools use that name too. */
export async function readSettings(environment: NodeJS.ProcessEnv, port: number): Promise<Settings> {
  const file = parseEnv(await readFile(FILE, 'utf8')) as Record<string, string>
  const given = SETTING_NAMES.filter((name) => name !== 'MODE' && environment[name] !== undefined)
  const settings = { ...file, ...Object.fromEntries(given.map((name) => [name, environment[name] ?? ''])) }
  // The links in mails and the issuer of tokens follow the port, unless someone said what they are.
  const made = localOrigin(DEFAULT_PORT)
  if (environment.PUBLIC_URL === undefined && (file.PUBLIC_URL ?? made) === made)
    settings.PUBLIC_URL = localOrigin(port)
  const [broken] = findBrokenVariables(settings)
  if (broken) {
    const { name, reason } = broken
    // What is set elsewhere may not fit a default.
    if (!settings[name] && reason !== 'is missing') throw new Refusal(`${name}, left at its default, ${reason}`)
    const place = given.includes(name) ? 'the environment' : '.dev.vars'
    throw new Refusal(`${name} in ${place} is malformed: ${reason}`)
  }
  return settings
}
