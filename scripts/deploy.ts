import { createAdmin, findAdmin } from './support/accounts.ts'
import type { Arguments, Command } from './support/arguments.ts'
import { copySwaggerAssets } from './support/assets.ts'
import { withDatabase } from './support/database.ts'
import {
  type Asker,
  chooseMail,
  MAIL_CHOICES,
  nobody,
  originOf,
  refuseWrongAnswers,
  terminal,
  writeOrigin,
} from './support/deployment/answers.ts'
import {
  databaseId,
  isPlaceholder,
  namespaceId,
  queueNames,
  readDeploymentConfig,
  writeDatabaseId,
  writeNamespaceId,
} from './support/deployment/config-file.ts'
import { findLacks, findVariableMistakes } from './support/deployment/lacks.ts'
import {
  ensureDatabase,
  ensureNamespace,
  ensureQueue,
  ensureRootSecretFile,
  listSecrets,
  putSecret,
  ROOT_SECRET_FILE,
} from './support/deployment/resources.ts'
import { diagnose, type Login } from './support/doctor.ts'
import { requireSameRootSecret } from './support/local-state.ts'
import { randomToken } from './support/random.ts'
import { Refusal } from './support/refusal.ts'
import { refuseMistakes } from './support/settings.ts'
import { step } from './support/steps.ts'
import { requireLogin, wrangler } from './support/wrangler.ts'

export const command = {
  call: 'npm run deploy',
  about:
    'Deploys to Cloudflare, and makes what is missing there. Run again it changes only what differs.\n' +
    'What a transport of mail needs is asked for, or taken from the environment under the names of the settings.',
  options: {
    domain: { value: 'DOMAIN', about: 'where the service is reached, such as auth.example.com' },
    mail: { value: 'TRANSPORT', about: `how mail leaves: ${MAIL_CHOICES.join(', ')}` },
    admin: { value: 'EMAIL', about: 'the first admin (ADMIN_EMAIL; the password from ADMIN_PASSWORD, or made)' },
    yes: { about: 'asks nothing' },
    'dry-run': { about: 'bundles, and says what is missing; asks and changes nothing' },
  },
} as const satisfies Command

type Values = Arguments<typeof command>['values']

const PLAN = 'A password hash takes more CPU time than the free plan allows: the account needs the paid plan.'

async function dryRun(values: Values): Promise<void> {
  const lacks = findLacks(readDeploymentConfig(), values)
  await copySwaggerAssets()
  console.log(await wrangler('deploy', '--dry-run'))
  const seen = lacks.length === 0 ? 'Nothing is missing here.' : `Still missing:\n${indented(lacks)}`
  console.log(
    `${seen}\nOnly Cloudflare knows whether it has ROOT_SECRET, the queues and an admin: \`npm run deploy\` makes those that are missing.`,
  )
}

const indented = (lines: readonly string[]): string => lines.map((line) => `  ${line}`).join('\n')

/** Domain and mail, where `wrangler.toml` has none yet or the user says another. Returns what stores the secrets of mail. */
async function fillIn({ domain, mail }: Values, asker: Asker): Promise<() => Promise<void>> {
  const { vars } = readDeploymentConfig()
  const isFirst = vars.PUBLIC_URL === undefined
  const host = domain ?? (isFirst ? await asker.ask('Domain, such as auth.example.com:', '--domain') : undefined)
  const transport =
    mail ?? (isFirst ? await asker.ask(`Mail (${MAIL_CHOICES.join(', ')}):`, '--mail') : undefined) ?? 'none'
  const origin = host === undefined ? undefined : originOf(host)
  const storeSecrets = await chooseMail(transport, asker, process.env)
  if (origin !== undefined) await writeOrigin(origin)
  return storeSecrets
}

/** Each id is written as soon as it is known: a run that is cut off loses nothing. */
async function ensureResources(): Promise<void> {
  if (isPlaceholder(databaseId(readDeploymentConfig())))
    await step('Making the database', async () => writeDatabaseId(await ensureDatabase()))
  if (isPlaceholder(namespaceId(readDeploymentConfig())))
    await step('Making the KV namespace', async () => writeNamespaceId(await ensureNamespace()))
  await step('Making the queues that are missing', async () => {
    for (const name of queueNames(readDeploymentConfig())) await ensureQueue(name)
  })
}

/** Makes the root secret unless the Worker has one, and only for a database that no other was used with. */
async function ensureRootSecret(): Promise<void> {
  if ((await listSecrets()).includes('ROOT_SECRET')) return
  const secret = await ensureRootSecretFile()
  await withDatabase({ at: 'remote' }, (database) =>
    requireSameRootSecret(
      database,
      { ROOT_SECRET: secret },
      `put the one that it was made with into ${ROOT_SECRET_FILE}`,
    ),
  )
  await step('Storing ROOT_SECRET', () => putSecret('ROOT_SECRET', secret))
  console.log(
    `ROOT_SECRET is in the file ${ROOT_SECRET_FILE} too, for Cloudflare shows no secret again: move it into a vault, and out of this folder.`,
  )
}

/** Makes the first admin. Null where nobody said who, or there is one. */
async function ensureAdmin({ admin }: Values): Promise<Login | null> {
  return withDatabase({ at: 'remote' }, async (database) => {
    const known = await findAdmin(database)
    const email = admin ?? process.env.ADMIN_EMAIL
    const given = process.env.ADMIN_PASSWORD || undefined
    if (known !== undefined) return given === undefined ? null : { email: email ?? known, password: given }
    if (!email) {
      console.log('No admin yet: npm run admin:create -- --remote')
      return null
    }
    const password = given ?? randomToken(15)
    await createAdmin(database, { email, password })
    console.log(`Admin ${email} was made.${given === undefined ? ` Password, shown once: ${password}` : ''}`)
    return { email, password }
  })
}

export async function main({ values }: Arguments<typeof command>): Promise<void> {
  console.log(PLAN)
  refuseMistakes(findVariableMistakes(readDeploymentConfig()), 'wrangler.toml is wrong')
  refuseWrongAnswers(values)
  if (values['dry-run']) return dryRun(values)
  const mayAsk = process.stdin.isTTY && !values.yes
  if (!mayAsk && !values.yes)
    throw new Refusal(`nobody is here to be asked: say --yes.${listLacks(findLacks(readDeploymentConfig(), values))}`)
  await requireLogin()
  const storeMailSecrets = await fillIn(values, mayAsk ? terminal : nobody)
  await ensureResources()
  await copySwaggerAssets()
  // First the database: a migration never removes what the running release reads.
  await withDatabase({ at: 'remote' }, (database) => step('Migrating the database', () => database.applyMigrations()))
  await ensureRootSecret()
  await storeMailSecrets()
  refuseMistakes(findVariableMistakes(readDeploymentConfig()), 'wrangler.toml is wrong')
  console.log(await step('Building and deploying the Worker', () => wrangler('deploy')))
  const login = await ensureAdmin(values)
  const url = String(readDeploymentConfig().vars.PUBLIC_URL)
  console.log(`\nDeployed: ${url}\n`)
  const isWell = await diagnose(url, login)
  if (!isWell) console.log(`A new domain takes some minutes. Look again: npm run doctor -- --url ${url}`)
}

const listLacks = (lacks: readonly string[]): string =>
  lacks.length === 0 ? '' : ` What is missing:\n${indented(lacks)}`
