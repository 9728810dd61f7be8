import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import type { Started } from '../../federation/service/start.ts'
import { CallbackFields, StartQuery } from '../../federation/wire/social.ts'
import { MAX_SLUG_LENGTH } from '../../organizations/wire.ts'
import type { Chosen, SsoStart } from '../service/sign-in.ts'

const OptionalFields = StartQuery.pick({
  redirect_to: true,
  redirect_url: true,
  return_url: true,
  state: true,
  code_challenge: true,
  code_challenge_method: true,
  prompt: true,
  login_hint: true,
})

const chosenBy = {
  organization: z
    .string()
    .min(1)
    .max(MAX_SLUG_LENGTH)
    .optional()
    .meta({ description: "The organization's slug or id" }),
  domain: z.string().min(1).max(253).optional().meta({ description: 'A domain that the organization has verified' }),
  email: z.string().min(1).max(254).optional().meta({ description: 'An address in such a domain' }),
}

const isOne = ({ organization, domain, email }: { [K in keyof typeof chosenBy]?: string | undefined }): boolean =>
  [organization, domain, email].filter((given) => given !== undefined).length === 1

export const LoginQuery = OptionalFields.extend(chosenBy).refine(isOne, {
  error: 'one of organization, domain and email is required',
})

/** As published clients send it. */
export const InitiateBody = OptionalFields.extend({
  organization_slug: chosenBy.organization,
  domain: chosenBy.domain,
  email: chosenBy.email,
})
  .refine(({ organization_slug: organization, ...rest }) => isOne({ ...rest, organization }), {
    error: 'one of organization_slug, domain and email is required',
  })
  .meta({ id: 'SSOStart' })

/** OpenID Connect Core 4. */
export const ThirdPartyQuery = z.object({
  iss: z.string().min(1).max(2048),
  login_hint: OptionalFields.shape.login_hint,
  target_link_uri: z.string().max(2048).optional().meta({ description: 'Where the browser goes in the end' }),
})

type Optional = Partial<z.output<typeof OptionalFields>>

const toStart = (chosen: Chosen, given: Optional): Omit<SsoStart, 'browserSecret'> => ({
  chosen,
  returnTo: given.redirect_to || given.redirect_url || given.return_url || null,
  clientState: given.state || null,
  codeChallenge: given.code_challenge ?? null,
  prompt: given.prompt ?? null,
  loginHint: given.login_hint || null,
})

function toChosen({ organization, domain, email = '' }: { [K in keyof typeof chosenBy]?: string | undefined }): Chosen {
  if (organization !== undefined) return { organization }
  return domain === undefined ? { email } : { domain }
}

export const loginToStart = (query: z.output<typeof LoginQuery>) => toStart(toChosen(query), query)

export const initiateToStart = ({ organization_slug: organization, ...body }: z.output<typeof InitiateBody>) =>
  toStart(toChosen({ ...body, organization }), body)

export const thirdPartyToStart = ({ iss, login_hint, target_link_uri }: z.output<typeof ThirdPartyQuery>) =>
  toStart({ issuer: iss, loginHint: login_hint || null }, { login_hint, redirect_to: target_link_uri })

export const InitiatedShape = mapped(
  z.object({ redirect_url: z.url(), state: z.string() }).meta({ id: 'SSOStarted' }),
  ({ url, state }: Started) => ({ redirect_url: url, state }),
)

export const SsoCallback = CallbackFields.extend({
  error_description: z.string().max(2048).optional().meta({ description: 'In words, for developers' }),
}).meta({ id: 'SSOCallback' })

export const CallbackPath = z.object({ config_id: z.uuid() })
