import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unstable_readConfig } from 'wrangler'
import { PROJECT_ROOT } from '../project.ts'

const FILE = join(PROJECT_ROOT, 'wrangler.toml')

/** The part of `wrangler.toml` that a deployment fills in. */
export interface DeploymentConfig {
  readonly name?: string
  readonly d1_databases: readonly { readonly binding: string; readonly database_id?: string }[]
  readonly kv_namespaces: readonly { readonly binding: string; readonly id?: string }[]
  readonly send_email: readonly unknown[]
  readonly vars: Readonly<Record<string, unknown>>
  readonly queues: {
    readonly producers?: readonly { readonly queue: string }[]
    readonly consumers?: readonly { readonly queue: string; readonly dead_letter_queue?: string }[]
  }
}

export const readDeploymentConfig = (): DeploymentConfig => unstable_readConfig({ config: FILE })

export const isPlaceholder = (id: string | undefined): boolean => !id || /^[0-]+$/.test(id)

export const databaseId = ({ d1_databases }: DeploymentConfig) =>
  d1_databases.find(({ binding }) => binding === 'DB')?.database_id

export const namespaceId = ({ kv_namespaces }: DeploymentConfig) =>
  kv_namespaces.find(({ binding }) => binding === 'KV')?.id

/** Every queue that is named, once. */
export const queueNames = ({ queues: { producers = [], consumers = [] } }: DeploymentConfig): string[] => [
  ...new Set([
    ...producers.map(({ queue }) => queue),
    ...consumers.flatMap(({ queue, dead_letter_queue: dead }) => (dead ? [queue, dead] : [queue])),
  ]),
]

/** Changes the text of `wrangler.toml`; what people wrote into it, comments too, stays. */
async function edit(change: (text: string) => string): Promise<void> {
  await writeFile(FILE, change(await readFile(FILE, 'utf8')))
}

export const writeDatabaseId = (id: string): Promise<void> =>
  edit((text) => text.replace(/^database_id = "[0-]*"$/m, `database_id = "${id}"`))

export const writeNamespaceId = (id: string): Promise<void> =>
  edit((text) => text.replace(/^id = "0*"$/m, `id = "${id}"`))

/** As the table stands in the repository, without its comment signs. */
const SAMPLE_VARS = /^# \[vars\]\n# PUBLIC_URL = .*$/m

const assignment = (name: string, value: string): string => `${name} = ${JSON.stringify(value)}`

/** Sets a variable in `[vars]`. */
export const writeVariable = (name: string, value: string): Promise<void> =>
  edit((text) => {
    if (SAMPLE_VARS.test(text)) return text.replace(SAMPLE_VARS, () => `[vars]\n${assignment(name, value)}`)
    const table = /^\[vars\]\n(?:(?!\[).*\n?)*/m.exec(text)
    if (!table) return `${text.trimEnd()}\n\n[vars]\n${assignment(name, value)}\n`
    const known = new RegExp(`^${name} *=.*$`, 'm')
    const written = known.test(table[0])
      ? table[0].replace(known, () => assignment(name, value))
      : table[0].replace('[vars]\n', () => `[vars]\n${assignment(name, value)}\n`)
    return text.replace(table[0], () => written)
  })

const routeTo = (host: string): string => `\n[[routes]]\npattern = "${host}"\ncustom_domain = true\n`

/** Has the platform serve a domain of the account, and no longer the one that was written before. Routes of other makers stay. */
export const replaceRoute = (before: string | undefined, host: string | undefined): Promise<void> =>
  edit((text) => {
    const rest = before === undefined || before === host ? text : text.replace(routeTo(before), '')
    if (host === undefined || rest.includes(`pattern = "${host}"`)) return rest
    return `${rest.trimEnd()}\n${routeTo(host)}`
  })

export const writeMailBinding = (): Promise<void> =>
  edit((text) => text.replace('# [[send_email]]\n# name = "SEND_EMAIL"', '[[send_email]]\nname = "SEND_EMAIL"'))
