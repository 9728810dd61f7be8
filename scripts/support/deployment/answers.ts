import { createInterface } from 'node:readline/promises'
import { readVariables } from '../../../src/config.ts'
import { Refusal } from '../refusal.ts'
import { readDeploymentConfig, replaceRoute, writeMailBinding, writeVariable } from './config-file.ts'
import { putSecret } from './resources.ts'

/** Asks on a terminal; without one, or with `--yes`, refuses with how to say it instead. */
export interface Asker {
  ask(question: string, instead: string): Promise<string>
}

export const terminal: Asker = {
  async ask(question) {
    const lines = createInterface({ input: process.stdin, output: process.stdout })
    const answer = await lines.question(`${question} `)
    lines.close()
    return answer.trim()
  },
}

export const nobody: Asker = {
  ask: (_, instead) => Promise.reject(new Refusal(`${instead} is missing`)),
}

/** The origin of what somebody calls a domain. Refuses what the service would refuse. */
export function originOf(domain: string): string {
  const url = domain.includes('://') ? domain : `https://${domain}`
  const read = readVariables({ PUBLIC_URL: url, ROOT_SECRET: '-'.repeat(32) })
  if (!('broken' in read)) return read.PUBLIC_URL
  throw new Refusal(`${domain} is no domain for a deployment: ${read.broken.map(({ reason }) => reason).join(', ')}`)
}

/** The host that the platform must route to the Worker: a domain of the account. `workers.dev` is routed by itself. */
function routedHost(origin: unknown): string | undefined {
  if (origin === undefined) return undefined
  const { host } = new URL(String(origin))
  return host.endsWith('.workers.dev') ? undefined : host
}

/** Writes where the deployment is reached, with its route in place of the one of before. */
export async function writeOrigin(origin: string): Promise<void> {
  const before = routedHost(readDeploymentConfig().vars.PUBLIC_URL)
  await writeVariable('PUBLIC_URL', origin)
  await replaceRoute(before, routedHost(origin))
}

/** What each transport needs: variables, then secrets. */
const NEEDED = {
  smtp: [['MAIL_FROM', 'SMTP_HOST', 'SMTP_USERNAME'], ['SMTP_PASSWORD']],
  http: [['MAIL_FROM'], ['MAIL_API_KEY']],
  binding: [['MAIL_FROM'], []],
} as const

export const MAIL_CHOICES = [...Object.keys(NEEDED), 'none']

const isTransport = (name: string): name is keyof typeof NEEDED => Object.hasOwn(NEEDED, name)

/** The names that a transport needs and the environment does not have. */
export function findUnsaid(transport: string, environment: NodeJS.ProcessEnv): string[] {
  return isTransport(transport) ? NEEDED[transport].flat().filter((name) => !environment[name]) : []
}

/** Refuses what is said and cannot be, before anybody is sent to log in. */
export function refuseWrongAnswers({ domain, mail }: { readonly domain?: string; readonly mail?: string }): void {
  if (domain !== undefined) originOf(domain)
  if (mail !== undefined && !MAIL_CHOICES.includes(mail)) throw noTransport(mail)
}

const noTransport = (name: string): Refusal => new Refusal(`--mail ${name} is none of ${MAIL_CHOICES.join(', ')}`)

/** Asks for all before it writes any. Returns what is to be stored as secrets once the Worker is there. */
export async function chooseMail(
  transport: string,
  asker: Asker,
  environment: NodeJS.ProcessEnv,
): Promise<() => Promise<void>> {
  if (transport === 'none') return () => Promise.resolve()
  if (!isTransport(transport)) throw noTransport(transport)
  const [variables, secrets] = NEEDED[transport]
  const find = async (name: string) =>
    [
      name,
      environment[name] || (await asker.ask(`${name}:`, `${name} in the environment, for --mail ${transport},`)),
    ] as const
  const values: (readonly [string, string])[] = []
  for (const name of [...variables, ...secrets]) values.push(await find(name))
  const isSecret = ([name]: readonly [string, string]) => secrets.some((secret) => secret === name)
  await writeVariable('MAIL_TRANSPORT', transport)
  for (const [name, value] of values.filter((each) => !isSecret(each))) await writeVariable(name, value)
  if (transport === 'binding') await writeMailBinding()
  return async () => {
    for (const [name, value] of values.filter(isSecret)) await putSecret(name, value)
  }
}
