import type { CallerCtx, Ctx } from '../../../context.ts'
import { SignInRefused } from '../../federation/errors.ts'
import { type Ending, type Returned, takeCallback, type Way } from '../../federation/service/callback.ts'
import { type Flow, useFlow } from '../../federation/service/flow.ts'
import { isOneTimeToken } from '../../links/service.ts'
import { ssoAnswerInvalid, ssoAuthenticationError } from '../errors.ts'
import { ASSERTION } from '../saml/names.ts'
import { type OpenedAnswer, openAnswer, readAnswer, type SamlPerson, unprovedAudiences } from '../saml/read-answer.ts'
import { type Refused, RULE_OF } from '../saml/refusal.ts'
import { is } from '../saml/tree.ts'
import { findConnectionOfAny } from '../store/connections.ts'
import { acsOf, organizationOfEntity } from './addresses.ts'
import { type SeenSaml, seen } from './configuration.ts'
import { connectionIdOf } from './provider.ts'
import { readSamlPerson } from './read-saml-person.ts'
import { publishedKeys } from './saml-keys.ts'
import { requestIdOf } from './saml-request.ts'
import { arrive, openConfigurationIn, refusalOf } from './way.ts'

/** Rules 1 to 5 are of an answer's form and of the request that it answers. */
const LAST_RULE_OF_FORM = 5

function refusedBy(ctx: Pick<Ctx, 'log'>, { refused: reason }: Refused, connection?: string): SignInRefused {
  const rule = RULE_OF[reason]
  ctx.log.info('saml_refused', { reason, rule, ...(connection !== undefined && { connection }) })
  return new SignInRefused(rule <= LAST_RULE_OF_FORM ? ssoAnswerInvalid : ssoAuthenticationError, reason)
}

interface SamlReturned extends Returned {
  readonly opened: OpenedAnswer | Refused
}

const replayed = () => new SignInRefused(ssoAuthenticationError, 'replayed')

/** Sign-ins by SAML. All answers arrive at one address: the flow says whose they are, and its entity is their audience. */
const samlWay = (ctx: Ctx): Way<SamlReturned> => ({
  isOf: ({ provider, redirectUri }) => connectionIdOf(provider) !== null && redirectUri === acsOf(ctx),
  prove: async (_, flow, { opened }) => {
    const takenAt = ctx.now()
    const configuration = await openConfigurationIn(ctx, 'saml', flow)
    const { id } = configuration
    if ('refused' in opened) throw refusedBy(ctx, opened, id)
    const read = readAnswer(opened, {
      entityId: configuration.issuer,
      certificates: configuration.certificates.map(({ certificate }) => certificate),
      audience: configuration.ownEntityId,
      acsUrl: configuration.redirectUri,
      requestId: requestIdOf(flow),
      decryptionKeys: await decryptionKeysFor(ctx, opened),
      now: ctx.now(),
    })
    if ('refused' in read) throw refusedBy(ctx, read, id)
    // Rule 14. A state that was used before is not found in rule 5: this one loses a race.
    await useFlow(ctx, flow, replayed)
    return {
      settle: () => settle(ctx, configuration, read.person, { flow, takenAt }),
      identity: () => {
        throw new TypeError('an identity of an organization is not linked')
      },
    }
  },
  refusal: refusalOf,
})

const decryptionKeysFor = async (ctx: Ctx, { assertion }: OpenedAnswer): Promise<Uint8Array[]> =>
  is(assertion, ASSERTION, 'EncryptedAssertion') ? (await publishedKeys(ctx)).map(({ privateKey }) => privateKey) : []

const settle = (ctx: Ctx, configuration: SeenSaml, proved: SamlPerson, asked: { flow: Flow; takenAt: number }) => {
  const { nameId, format, nameQualifier, spNameQualifier, sessionIndex } = proved
  return arrive(ctx, configuration, {
    person: readSamlPerson(configuration, proved),
    names: { subject: nameId, session: sessionIndex, name: { format, nameQualifier, spNameQualifier } },
    hasLogout: configuration.metadata.sloUrl !== null,
    endsAt: proved.sessionNotOnOrAfter,
    authenticatedAt: proved.authenticatedAt,
    ...asked,
  })
}

export interface SamlInput {
  readonly samlResponse: string
  readonly relayState: string | null
  readonly browserSecret: string | null
  readonly isProgram: boolean
}

/**
 * Takes an answer by POST (SAML Profiles 4.1): `ending` as of any callback. One to no request signs nobody in: `organizationId`
 * says whose sign-in it begins. Throws what `takeCallback` throws, SSO_AUTHENTICATION_ERROR.
 */
export async function takeSamlAnswer(
  ctx: CallerCtx,
  { samlResponse, relayState, ...caller }: SamlInput,
): Promise<{ readonly ending: Ending } | { readonly organizationId: string }> {
  const opened = await openAnswer(samlResponse)
  // A provider's tile sends no state, or another text.
  if (relayState !== null && isOneTimeToken(relayState))
    return { ending: await takeCallback(ctx, samlWay(ctx), { ...caller, state: relayState, opened }) }
  if ('refused' in opened) throw refusedBy(ctx, opened)
  return { organizationId: await findInitiated(ctx, opened) }
}

/** The organization for which an answer to no request is meant, where it wants such. */
async function findInitiated(ctx: Ctx, opened: OpenedAnswer): Promise<string> {
  const [organizationId, ...others] = unprovedAudiences(opened).flatMap(
    (entity) => organizationOfEntity(ctx, entity) ?? [],
  )
  const row =
    organizationId === undefined || others.length > 0 ? undefined : await findConnectionOfAny(ctx, organizationId)
  const configuration = row && seen(ctx, row)
  if (configuration?.protocol === 'saml' && configuration.status === 'active' && configuration.metadata.isIdpInitiated)
    return configuration.organizationId
  ctx.log.info('saml_refused', { reason: 'state', rule: LAST_RULE_OF_FORM })
  throw new SignInRefused(ssoAnswerInvalid, 'state')
}
