import { describeBroken, findMailMistakes, findUnknownNames, SECRETS } from '../settings.ts'
import { findUnsaid } from './answers.ts'
import { type DeploymentConfig, databaseId, isPlaceholder, namespaceId } from './config-file.ts'

/** Stands for a secret, which only Cloudflare has. */
const UNSEEN = '-'.repeat(32)

/** What is wrong in `[vars]`: with one of these the deployed Worker would answer nothing, or do what nobody meant. */
export function findVariableMistakes({ vars, send_email }: DeploymentConfig): string[] {
  const place = 'wrangler.toml'
  const misplaced = SECRETS.filter((name) => name in vars).map(
    (name) => `${name} in ${place} is a secret: take it out, and \`npx wrangler secret put ${name}\``,
  )
  const local = vars.MODE === 'local' ? [`MODE in ${place} is local: a deployment must not be`] : []
  const unseen = {
    ROOT_SECRET: UNSEEN,
    PUBLIC_URL: 'https://example.com',
    MAIL_API_KEY: UNSEEN,
    ...(vars.SMTP_USERNAME === undefined ? {} : { SMTP_PASSWORD: UNSEEN }),
  }
  const plain = Object.entries(vars).filter(([name]) => !SECRETS.includes(name))
  const { mistakes, read } = describeBroken({ ...unseen, ...Object.fromEntries(plain) }, () => place)
  return [
    ...misplaced,
    ...local,
    ...findUnknownNames(Object.keys(vars), place),
    ...mistakes,
    ...(read ? findMailMistakes(read, send_email.length > 0) : []),
  ]
}

/** What was said on the command line, of what a deployment may lack. */
interface Given {
  readonly domain?: string | undefined
  readonly mail?: string | undefined
}

/** What a deployment still lacks, as far as this folder and the command line say; each with what gives it. */
export function findLacks(config: DeploymentConfig, { domain, mail }: Given): string[] {
  const { vars } = config
  const lacks = [
    [isPlaceholder(databaseId(config)), 'database_id of DB: `npm run deploy` makes the database'],
    [isPlaceholder(namespaceId(config)), 'id of KV: `npm run deploy` makes the namespace'],
    [
      vars.PUBLIC_URL === undefined && domain === undefined,
      'PUBLIC_URL: `npm run deploy` asks for it, or --domain auth.example.com',
    ],
    [
      vars.MAIL_TRANSPORT === undefined && (mail ?? 'none') === 'none',
      'MAIL_TRANSPORT: without it calls that send mail answer 503; --mail smtp, http or binding',
    ],
  ] as const
  const unsaid = mail === undefined ? [] : findUnsaid(mail, process.env)
  return [
    ...lacks.flatMap(([isLacking, line]) => (isLacking ? [line] : [])),
    ...unsaid.map((name) => `${name} for --mail ${mail}: asked for, or taken from the environment`),
  ]
}
