import { createTexts, type TextsCtx } from '../src/features/localization/service/texts.ts'
import { renderMail } from '../src/features/mail/service/render.ts'
import type { MailRequest } from '../src/features/mail/types.ts'
import { Isolate } from '../src/lib/isolate.ts'
import { createLog } from '../src/lib/log.ts'
import { spread, table, twoPlaces, verdict } from './format.ts'
import { type Spread, spreadOf } from './statistics.ts'

const ROUNDS = 15
const ROUND_MS = 100

interface MailTimes {
  /** Microseconds a mail. */
  readonly plain: Spread
  readonly overridden: Spread
  /** How many mails with overrides are rendered in the time of one without, round by round. */
  readonly ratio: Spread
}

const SENDER = { app: 'Castle', url: 'https://auth.example.test' }
const REQUEST: MailRequest = {
  kind: 'password_reset',
  to: 'ada@example.test',
  userId: null,
  locale: 'de',
  owner: { name: 'Ada' },
  params: { link: 'https://auth.example.test/reset-password?token=x', lifetimeMs: 3_600_000 },
}

/** Every text of the mail but its greeting. */
const OVERRIDES = {
  'mail.password_reset.subject': 'Ein neues Passwort für {app}',
  'mail.password_reset.body': 'Sie möchten ein neues Passwort bei {app}. Der Link gilt einmal und {lifetime} lang.',
  'mail.password_reset.action': 'Passwort wählen',
  'mail.password_reset.note': 'Sonst ignorieren Sie diese E-Mail.',
  'mail.link_hint': 'Oder öffnen Sie diese Adresse:',
  'mail.footer': 'Von {app}, {url}.',
}

/** An isolate whose database has these overrides; it is asked every 25 seconds. */
function contextWith(overrides: Readonly<Record<string, string>>): TextsCtx {
  const rows = Object.entries(overrides).map(([key, value]) => ({ locale: 'de', key, value }))
  return {
    config: { DEFAULT_LOCALE: 'en' },
    db: { select: () => ({ from: () => ({ where: async () => rows }) }) } as unknown as TextsCtx['db'],
    isolate: new Isolate(),
    log: createLog({}),
    now: Date.now,
  }
}

async function render(ctx: TextsCtx): Promise<string> {
  return renderMail(await createTexts(ctx, REQUEST.locale), SENDER, REQUEST).subject
}

/** Microseconds a mail. */
async function timeOf(ctx: TextsCtx): Promise<number> {
  const began = performance.now()
  let count = 0
  do {
    await render(ctx)
    count += 1
  } while (performance.now() - began < ROUND_MS)
  return ((performance.now() - began) * 1000) / count
}

/** The same mail with its texts overridden and without, in turn in this process. */
async function measure(): Promise<MailTimes> {
  const [without, having] = [contextWith({}), contextWith(OVERRIDES)]
  const subjects = [await render(without), await render(having)]
  if (subjects.join() !== 'Passwort für Castle zurücksetzen,Ein neues Passwort für Castle')
    throw new Error(`the mails say ${subjects.join()}`)
  for (const ctx of [without, having]) await timeOf(ctx)
  const rounds: Record<'plain' | 'overridden' | 'ratio', number>[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const plain = await timeOf(without)
    const overridden = await timeOf(having)
    rounds.push({ plain, overridden, ratio: plain / overridden })
  }
  const of = (name: keyof (typeof rounds)[number]) => spreadOf(rounds.map((round) => round[name]))
  return { plain: of('plain'), overridden: of('overridden'), ratio: of('ratio') }
}

const AIM = 0.8

/** A mail whose texts are overridden, beside the same mail by the catalogue. */
export async function measureMails(): Promise<string> {
  const { plain, overridden, ratio } = await measure()
  const row = [...[plain, overridden, ratio].map((one) => spread(one, twoPlaces)), verdict(ratio.median >= AIM)]
  return `## Mails

A mail whose texts are overridden, and the same mail by the catalogue: microseconds, all in one Node process. The aim is ${AIM}.

${table(['catalogue', 'overridden', 'ratio', 'reached'], [row])}
`
}
