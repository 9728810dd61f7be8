import * as z from 'zod'
import { instant, instantOrNull, mapped, shape, type Wire } from '../../../http/answers.ts'
import { isPlainText } from '../../users/service/users.ts'
import type { Consents, PrivacySettings } from '../service/consents.ts'
import { type Consent, MAX_SWITCHES } from '../types.ts'
import { complied } from './requests.ts'

const name = (most: number) => z.string().trim().min(1).max(most).refine(isPlainText, 'must be one line of text')

const purposes = { purpose: name(100).nullish(), consent_type: name(100).nullish() }
const isNamed = ({ purpose, consent_type }: { purpose?: unknown; consent_type?: unknown }) =>
  (purpose ?? consent_type) != null
const required = { path: ['purpose'], message: 'is required' }

export const ConsentBody = z
  .object({ ...purposes, version: name(100).nullish(), consent_version: name(100).nullish() })
  .refine(isNamed, required)
  .meta({ id: 'NewConsent' })

export const WithdrawalBody = z.object(purposes).refine(isNamed, required).meta({ id: 'ConsentWithdrawal' })

export const toPurpose = ({ purpose, consent_type }: z.output<typeof WithdrawalBody>): string =>
  purpose ?? consent_type ?? ''

export const toConsent = ({ version, consent_version, ...of }: z.output<typeof ConsentBody>) => ({
  purpose: toPurpose(of),
  version: version ?? consent_version ?? '1',
})

const ConsentWire = shape<Consent>()('Consent', {
  id: z.uuid(),
  purpose: z.string(),
  version: z.string(),
  change: z.enum(['given', 'withdrawn']),
  at: instant,
})

const ConsentsWire = z.object({
  consents: z
    .array(z.object({ purpose: z.string(), version: z.string(), given: z.boolean(), since: instant.schema }))
    .meta({ description: 'How each purpose stands' }),
  history: z.array(ConsentWire.schema).meta({ description: 'What was given and withdrawn, the newest first' }),
})

const consentsShape = mapped(
  ConsentsWire,
  ({ standing, history }: Consents): Wire<typeof ConsentsWire> => ({
    consents: standing.map(({ purpose, version, change, at }) => ({
      purpose,
      version,
      given: change === 'given',
      since: instant.write(at),
    })),
    history: history.map(ConsentWire.write),
  }),
)

export const ConsentsAnswer = complied('Consents', 'Consents', consentsShape)

const SWITCH = /^[a-z][a-z0-9_.-]{0,63}$/

/** The switches stand in the body itself, or under `settings`. */
const Switches = z
  .record(z.string().regex(SWITCH, 'must be a name: lower case letters, digits and _.-'), z.boolean().nullable())
  .refine((switches) => Object.keys(switches).length <= MAX_SWITCHES, `must be ${MAX_SWITCHES} at most`)

export const SettingsBody = z
  .union([z.object({ settings: Switches }), Switches])
  .meta({ id: 'PrivacySettingsChange', description: 'null removes a switch' })

export const toSwitches = (body: z.output<typeof SettingsBody>): Record<string, boolean | null> =>
  'settings' in body && typeof body.settings === 'object' && body.settings !== null
    ? body.settings
    : (body as Record<string, boolean | null>)

const SettingsWire = z.object({
  settings: z.record(z.string(), z.boolean()),
  updated_at: instantOrNull.schema,
})

export const SettingsAnswer = complied(
  'PrivacySettings',
  'Privacy settings',
  mapped(
    SettingsWire,
    ({ switches, updatedAt }: PrivacySettings): Wire<typeof SettingsWire> => ({
      settings: switches,
      updated_at: instantOrNull.write(updatedAt),
    }),
  ),
)
