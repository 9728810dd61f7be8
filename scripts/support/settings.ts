import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { readVariables, SETTING_NAMES, type Variables } from '../../src/config.ts'
import { planMail } from '../../src/features/mail/rules.ts'
import { PROJECT_ROOT } from './project.ts'
import { randomToken } from './random.ts'
import { Refusal } from './refusal.ts'
import { nearestName } from './spelling.ts'

const FILE = join(PROJECT_ROOT, '.dev.vars')

export type Settings = Readonly<Record<string, string>>

export const DEFAULT_PORT = 8787

export const localOrigin = (port: number): string => `http://127.0.0.1:${port}`

/** What the scripts read from the environment themselves. */
const OF_SCRIPTS = ['PORT', 'PERSIST_TO', 'ADMIN_EMAIL', 'ADMIN_PASSWORD', 'POSTERN_TOKEN', 'FIREBASE_SIGNER_KEY']

export const SECRETS = [
  'ROOT_SECRET',
  'ROOT_SECRET_PREVIOUS',
  'ADMIN_SECRET_KEY',
  'SMTP_PASSWORD',
  'MAIL_API_KEY',
  ...['GOOGLE', 'GITHUB', 'MICROSOFT', 'DISCORD', 'TWITTER'].map((name) => `OAUTH_${name}_CLIENT_SECRET`),
  'OAUTH_APPLE_PRIVATE_KEY',
  'OAUTH_PROVIDERS',
]

/** Refuses with everything that is wrong. */
export function refuseMistakes(mistakes: readonly string[], title = 'these settings are wrong'): void {
  if (mistakes.length === 0) return
  throw new Refusal(
    mistakes.length === 1 ? `${mistakes[0]}` : `${title}:\n${mistakes.map((line) => `  ${line}`).join('\n')}`,
  )
}

/** Names in a file of ours that are no setting. */
export function findUnknownNames(names: readonly string[], place: string): string[] {
  return names
    .filter((name) => !SETTING_NAMES.includes(name))
    .map((name) => {
      if (OF_SCRIPTS.includes(name))
        return `${name} in ${place} is for the environment of the command, not for this file`
      const nearest = nearestName(name, SETTING_NAMES)
      const hint = nearest.edits <= name.length / 2 ? `did you mean ${nearest.name}?` : 'docs/settings.md lists them'
      return `${name} in ${place} is no setting, ${hint}`
    })
}

/**
 * Names in the environment that are a setting but for a slip. Other programs' variables are there too: names of one word
 * (`NODE`, which npm sets, is an edit from `MODE`) are theirs, and two edits in a short name make another word (`APP_HOME`).
 */
export function findMisspelt(environment: NodeJS.ProcessEnv): string[] {
  const known = [...SETTING_NAMES, ...OF_SCRIPTS]
  const candidates = known.filter((name) => name.includes('_'))
  return Object.keys(environment).flatMap((name) => {
    if (known.includes(name) || !name.includes('_')) return []
    const nearest = nearestName(name, candidates)
    if (nearest.edits > (nearest.name.length < 10 ? 1 : 2)) return []
    return [
      `${name} in the environment is no setting, did you mean ${nearest.name}? (\`unset ${name}\` if another program's)`,
    ]
  })
}

/** Lines of a file of settings that parsers of such files skip without a word. */
function findBadLines(text: string): string[] {
  const bad: string[] = []
  let openQuote = ''
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (openQuote !== '') {
      if (line.includes(openQuote)) openQuote = ''
      continue
    }
    if (/^\s*(#|$)/.test(line)) continue
    const assignment = /^\s*(?:export\s+)?[A-Za-z_]\w*\s*=\s*(.*)$/.exec(line)
    if (!assignment) bad.push(`line ${index + 1} of .dev.vars is no assignment (NAME=value)`)
    const [, quote = '', rest = ''] = /^(["'`])(.*)$/.exec(assignment?.[1] ?? '') ?? []
    if (quote !== '' && !rest.includes(quote)) openQuote = quote
  }
  return bad
}

/** The local settings, and the text of `.dev.vars` that is to be written where there was none. */
export interface LocalSettings {
  readonly settings: Settings
  readonly newFile: string | null
  /** How mails leave, and where that was set; null for the mailbox of this machine. */
  readonly mail: { readonly transport: string; readonly place: string } | null
  /** What is not wrong, and may surprise. */
  readonly notes: readonly string[]
}

/** The provider of `examples/openid-provider.mjs`, whether or not it runs. */
const DEMO_PROVIDER = {
  name: 'demo',
  display_name: 'Demo',
  issuer: 'http://localhost:9999',
  client_id: 'postern',
  client_secret: 'the secret of a demo',
}

const makeDevVars = (): string =>
  [
    '# Settings of the local service, made by `npm start`. Never commit it: whoever has ROOT_SECRET signs tokens.',
    'MODE=local',
    `PUBLIC_URL=${localOrigin(DEFAULT_PORT)}`,
    `ROOT_SECRET=${randomToken(48)}`,
    '# Sign in with `node_modules/.bin/node examples/openid-provider.mjs` (docs/tour.md)',
    `OAUTH_PROVIDERS='[${JSON.stringify(DEMO_PROVIDER)}]'`,
    '',
  ].join('\n')

export const writeDevVars = (text: string): Promise<void> => writeFile(FILE, text, { flag: 'wx', mode: 0o600 })

/**
 * What is wrong with values, in the words of an operator. `placeOf` says where a name was set. `read` has the good ones, for what
 * remains to be checked; null where too much is missing.
 */
export function describeBroken(
  variables: Readonly<Record<string, unknown>>,
  placeOf: (name: string) => string,
): { mistakes: readonly string[]; read: Variables | null } {
  const read = readVariables(variables)
  if (!('broken' in read)) return { mistakes: [], read }
  const mistakes = read.broken.map(({ name, reason }) =>
    // What is set elsewhere may not fit a default.
    variables[name] === undefined || variables[name] === ''
      ? reason === 'is missing'
        ? `${name} in ${placeOf(name)} is missing`
        : `${name}, left at its default, ${reason}`
      : `${name} in ${placeOf(name)} ${reason}`,
  )
  const names = read.broken.map(({ name }) => name)
  const rest = readVariables(Object.fromEntries(Object.entries(variables).filter(([name]) => !names.includes(name))))
  return { mistakes, read: 'broken' in rest ? null : rest }
}

/** Settings of mail that lack others, and whether mail can be sent at all. */
export function findMailMistakes(variables: Variables, hasBinding: boolean): string[] {
  const { MAIL_TRANSPORT: transport } = variables
  const plan = planMail(variables, hasBinding ? true : null)
  if (transport === undefined || !('missing' in plan)) return []
  const lines = plan.missing.map((name) => {
    if (name === 'MAIL_TRANSPORT') return 'MAIL_TRANSPORT may be mailbox in local mode only'
    if (name === 'SMTP_SECURITY') return 'SMTP_SECURITY may be none in local mode only'
    if (name === 'SEND_EMAIL') return 'MAIL_TRANSPORT=binding needs `[[send_email]]` in wrangler.toml'
    return `MAIL_TRANSPORT=${transport} needs ${name}`
  })
  return lines
}

/** Settings of a transport that is not the chosen one. */
export function findIdleSettings(variables: Variables): string[] {
  const idle = (
    [
      ['smtp', 'SMTP_HOST'],
      ['http', 'MAIL_API_KEY'],
    ] as const
  ).filter(([transport, name]) => variables.MAIL_TRANSPORT !== transport && variables[name] !== undefined)
  return idle.map(([transport, name]) => `${name} is set and not used: MAIL_TRANSPORT is not ${transport}`)
}

/**
 * `.dev.vars`, over it the environment; under both is `[vars]`, which the runtime adds by itself. `MODE` is the file's alone: other
 * tools use that name too. Refuses all that is wrong, in `[vars]` also what only a deployment would stumble over.
 */
export async function readLocalSettings(environment: NodeJS.ProcessEnv, port: number): Promise<LocalSettings> {
  const newFile = existsSync(FILE) ? null : makeDevVars()
  const text = newFile ?? (await readFile(FILE, 'utf8'))
  const file = parseEnv(text) as Record<string, string>
  const given = SETTING_NAMES.filter((name) => name !== 'MODE' && environment[name] !== undefined)
  const settings = { ...file, ...Object.fromEntries(given.map((name) => [name, environment[name] ?? ''])) }
  // The links in mails and the issuer of tokens follow the port, unless someone said what they are.
  const made = localOrigin(DEFAULT_PORT)
  if (environment.PUBLIC_URL === undefined && (file.PUBLIC_URL ?? made) === made)
    settings.PUBLIC_URL = localOrigin(port)
  // Loaded here: it brings wrangler, which takes a second.
  const { readDeploymentConfig } = await import('./deployment/config-file.ts')
  const { findVariableMistakes } = await import('./deployment/lacks.ts')
  const config = readDeploymentConfig()
  const { vars, send_email } = config
  const placeOf = (name: string) => {
    if (given.includes(name)) return 'the environment'
    return name in vars && !(name in file) ? 'wrangler.toml' : '.dev.vars'
  }
  const { mistakes, read } = describeBroken({ ...vars, ...settings }, placeOf)
  const mailMistakes = read ? findMailMistakes(read, send_email.length > 0) : []
  // What a deployment sends mail with has its secret at Cloudflare: locally nothing is wrong with that.
  const isMailDeployed = placeOf('MAIL_TRANSPORT') === 'wrangler.toml'
  const wrong = [
    ...findBadLines(text),
    ...findUnknownNames(Object.keys(file), '.dev.vars'),
    ...findVariableMistakes(config),
    ...findMisspelt(environment),
    ...mistakes,
    ...(isMailDeployed ? [] : mailMistakes),
  ]
  refuseMistakes([...new Set(wrong)])
  const transport = read?.MAIL_TRANSPORT ?? 'mailbox'
  const mail = transport === 'mailbox' ? null : { transport, place: placeOf('MAIL_TRANSPORT') }
  return { settings, newFile, mail, notes: [...(read ? findIdleSettings(read) : []), ...mailMistakes] }
}
