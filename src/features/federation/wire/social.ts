import * as z from 'zod'
import { PROVIDER_NAME } from '../../../config.ts'
import { mapped } from '../../../http/answers.ts'
import { Done } from '../../../http/done.ts'
import { malformedRequest } from '../../../lib/errors.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { Identity } from '../../factors/identities/types.ts'
import { MfaChallengeWire, OrganizationField, SessionTokens, signInToWire } from '../../sign-in/wire/session.ts'
import { EmailField } from '../../users/wire.ts'
import type { CallbackInput } from '../service/code-answer.ts'
import type { LinkedAccounts } from '../service/linking.ts'
import type { ListedProvider } from '../service/providers.ts'
import type { Exchanged, ExchangeInput } from '../service/sign-in.ts'
import type { Started, StartInput } from '../service/start.ts'

export const ProviderPath = z.object({
  provider: z.string().regex(PROVIDER_NAME, 'must be the name of a provider'),
})

const address = z.string().max(2048)
/** RFC 7636 4.2: SHA-256 of the verifier, base64url. */
const Challenge = z.string().regex(/^[\w-]{43}$/, 'must be the SHA-256 of the verifier in base64url')
/** RFC 7636 4.1. */
const Verifier = z.string().regex(/^[\w.~-]{43,128}$/, 'must have 43 to 128 unreserved characters')

const scopesOf = (list: string | undefined): string[] => (list ?? '').split(/[\s,]+/).filter((scope) => scope !== '')

export const StartQuery = z.object({
  redirect_uri: address.optional().meta({
    description:
      'An address of the application that the provider knows: it returns there, and a script of the application calls the callback with `code` and `state`. Without it the provider returns here',
  }),
  redirect_to: address.optional().meta({
    description: 'Where the browser goes in the end, with `code` and `state`: an address of an allowed origin',
  }),
  redirect_url: address.optional().meta({ description: 'Another name of `redirect_to`' }),
  return_url: address.optional().meta({ description: 'Another name of `redirect_to`' }),
  scopes: z
    .string()
    .max(1000)
    .regex(/^[\x21\x23-\x5b\x5d-\x7e ]*$/, 'must be a comma separated list')
    .optional()
    .meta({ description: 'Further scopes to ask the provider for, comma separated' }),
  state: z.string().max(512).optional().meta({ description: 'Comes back with `code`, for the application to compare' }),
  code_challenge: Challenge.optional().meta({
    description: 'The exchange of the code then needs the verifier (RFC 7636, S256): an application always sends one',
  }),
  code_challenge_method: z.literal('S256').optional().meta({ description: 'How the challenge was made' }),
  prompt: z.enum(['login', 'select_account', 'consent', 'none']).optional().meta({
    description: 'Passed on to the provider: `login` asks for its password again',
  }),
  login_hint: z.string().max(254).optional().meta({ description: 'Whom the provider is to expect' }),
  redirect: z.stringbool().optional().meta({ description: '`true` answers with the redirect itself, as to a browser' }),
})

/** The SDK names the provider in the query. */
export const StartByQuery = StartQuery.extend(ProviderPath.shape)

export const toStart = (
  { provider }: z.output<typeof ProviderPath>,
  query: z.output<typeof StartQuery>,
): Omit<StartInput, 'browserSecret'> => ({
  provider,
  redirectUri: query.redirect_uri || null,
  returnTo: query.redirect_to || query.redirect_url || query.return_url || null,
  clientState: query.state || null,
  codeChallenge: query.code_challenge ?? null,
  scopes: scopesOf(query.scopes),
  prompt: query.prompt ?? null,
  loginHint: query.login_hint || null,
})

const StartedWire = z.object({ authorization_url: z.url(), state: z.string(), provider: z.string() }).meta({
  id: 'AuthorizationStarted',
})
export const StartedShape = mapped(StartedWire, ({ url, state, provider }: Started) => ({
  authorization_url: url,
  state,
  provider,
}))

export const LinkStartedShape = mapped(
  StartedWire.extend({ action: z.literal('link') }).meta({ id: 'LinkStarted' }),
  (started: Started) => ({ ...StartedShape.write(started), action: 'link' as const }),
)

export const ContinueQuery = z.object({ request: z.string().min(1).max(512) })

export const CallbackFields = z.object({
  state: z.string().min(1, 'is required').max(512),
  code: z.string().min(1).max(4096).optional(),
  error: z.string().min(1).max(512).optional(),
  iss: z.string().max(2048).optional(),
})
const ofChallenge = { description: 'Where the provider returned to the application: of the challenge of the start' }
export const CallbackQuery = CallbackFields.extend({ code_verifier: Verifier.optional().meta(ofChallenge) })
export const CallbackBody = CallbackQuery.extend({ iss: z.string().max(2048).nullish() })
/** Apple's answer (`response_mode=form_post`): `user` comes once. */
export const CallbackForm = CallbackFields.extend({ user: z.string().max(4096).optional() })

/** One `code` or one `error`; a repeated parameter did not get here. Throws VALIDATION_ERROR. */
export function toCallback(
  given: Readonly<Partial<Record<'code' | 'error' | 'iss' | 'user' | 'code_verifier', string | null | undefined>>> & {
    readonly state: string
  },
): Omit<CallbackInput, 'browserSecret' | 'isProgram' | 'isNavigation'> {
  const { state, code = null, error = null, iss = null, code_verifier: verifier = null, user } = given
  if ((code === null) === (error === null)) throw malformedRequest('One of code and error is required')
  return { state, code, error, iss, verifier, form: formOf(user) }
}

/** Unsigned, for display only: what cannot be read is left out. */
function formOf(user: string | null | undefined): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(user ?? '{}')
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {}
  } catch {
    return {}
  }
}

const isNewUser = z.boolean().meta({ description: 'Whether this sign-in made the account' })

/** The tokens of a sign-in, or the challenge of its second factor. */
const FederatedTokens = SessionTokens.extend({ is_new_user: isNewUser }).meta({ id: 'FederatedTokens' })
const FederatedChallenge = MfaChallengeWire.extend({ is_new_user: isNewUser }).meta({ id: 'FederatedChallenge' })

const LinkedAccountsWire = z
  .object({
    oauth_accounts: z.array(
      z.object({
        id: z.uuid(),
        provider: z.string(),
        provider_user_id: z.string(),
        provider_email: z.string().nullable(),
        email: z.string().nullable(),
        display_name: z.string().nullable(),
        linked_at: z.iso.datetime(),
        last_used_at: z.iso.datetime().nullable(),
      }),
    ),
    auth_methods: z.object({ password: z.boolean(), mfa_enabled: z.boolean(), passkeys_count: z.int() }),
    total_linked: z.int(),
  })
  .meta({ id: 'LinkedAccounts' })

const identityToWire = ({ id, provider, subject, email, label, createdAt, lastUsedAt }: Identity) => ({
  id,
  provider,
  provider_user_id: subject,
  provider_email: email,
  email,
  display_name: label,
  linked_at: toIso(createdAt),
  last_used_at: toIsoOrNull(lastUsedAt),
})

export const LinkedAccountsShape = mapped(
  LinkedAccountsWire,
  ({ identities, hasPassword, mfaEnabled, passkeys }: LinkedAccounts) => ({
    oauth_accounts: identities.map(identityToWire),
    auth_methods: { password: hasPassword, mfa_enabled: mfaEnabled, passkeys_count: passkeys },
    total_linked: identities.length,
  }),
)

export const ExchangeAnswer = z
  .union([FederatedTokens, FederatedChallenge, LinkedAccountsWire])
  .meta({ id: 'ExchangeAnswer' })

export const signedInToWire = ({
  result,
  isNewUser: isNew,
}: Pick<Extract<Exchanged, { outcome: 'signed_in' }>, 'result' | 'isNewUser'>) => ({
  ...signInToWire(result),
  is_new_user: isNew,
})

const Returned = { status: z.literal('success').optional(), redirect_url: z.string().optional() }

/** What a program gets from a callback. */
export const CallbackAnswer = z
  .union([
    FederatedTokens.extend(Returned),
    FederatedChallenge.extend(Returned),
    LinkedAccountsWire,
    z.object({
      status: z.literal('success'),
      action: z.literal('link'),
      code: z.string(),
      state: z.string(),
      redirect_url: z.string().nullable(),
    }),
  ])
  .meta({ id: 'CallbackAnswer' })

export const ExchangeBody = z
  .object({
    code: z.string().min(1, 'is required').max(512),
    code_verifier: Verifier.nullish(),
    pending_token: z.string().max(512).nullish().meta({
      description:
        'Of a sign-in whose address was proved by mail: `code` is then the one of the page that the mail leads to',
    }),
    organization_id: OrganizationField,
  })
  .meta({ id: 'ExchangeRequest' })

export const toExchange = (body: z.output<typeof ExchangeBody>): ExchangeInput => ({
  code: body.code,
  verifier: body.code_verifier ?? null,
  pendingToken: body.pending_token || null,
  organizationId: body.organization_id ?? null,
})

export const PendingEmailBody = z
  .object({ pending_token: z.string().min(1, 'is required').max(512), email: EmailField })
  .meta({ id: 'PendingEmail' })

export const ProviderList = z
  .object({
    providers: z.array(z.object({ provider: z.string(), name: z.string(), enabled: z.boolean() })),
  })
  .meta({ id: 'ProviderList' })

export const providersToWire = (listed: readonly ListedProvider[]): z.infer<typeof ProviderList> => ({
  providers: listed.map(({ name, label, isEnabled }) => ({ provider: name, name: label, enabled: isEnabled })),
})

export const UnlinkAnswer = Done.extend({ provider: z.string() }).meta({ id: 'ProviderUnlinked' })
