import { type ActorCtx, actorOf, type Place } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DomainError, insufficientPermissions, notAMember, organizationNotFound } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { isAdmin, isRanked, type Rank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { findPolicy } from '../../domains/service.ts'
import { settleMapped } from '../../memberships/service/mapping.ts'
import {
  enterOrganization,
  enterScopeToChange,
  enterScopeToRead,
  organizationRequired,
} from '../../memberships/service.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import {
  configurationChanged,
  configurationExists,
  configurationNotFound,
  configurationRequired,
  invalidField,
  providerUnsupported,
} from '../errors.ts'
import { deleteConnection, findConnectionOfAny, insertConnection, selectConnections } from '../store/connections.ts'
import type { SsoConnection } from '../tables.ts'
import {
  type AttributeMapping,
  type GivenRank,
  type OTHER_PROVIDERS,
  PROVIDERS,
  type Provider,
  type RoleMapping,
} from '../types.ts'
import { type Configuration, type Plan, type SeenConfiguration, seen, snapshotOf } from './configuration.ts'
import { countChange, mailOwners } from './notices.ts'
import { type OpenidFields, planNewOpenid } from './openid-settings.ts'
import type { SamlFields } from './saml-settings.ts'

/** What documented clients may ask for. */
type AskedProvider = Provider | (typeof OTHER_PROVIDERS)[number]

export function requireSpoken(provider: AskedProvider): Provider {
  const spoken = PROVIDERS.find((known) => known === provider)
  if (!spoken) throw providerUnsupported({ provider, supported: PROVIDERS })
  return spoken
}

/** Fields of a configuration; those that are undefined stay as they are. */
export interface ConfigurationFields {
  readonly provider?: AskedProvider | undefined
  readonly name?: string | null | undefined
  readonly enabled?: boolean | undefined
  readonly openid: OpenidFields
  readonly saml: SamlFields
  readonly attributeMapping?: AttributeMapping | undefined
  readonly allowedDomains?: readonly string[] | undefined
  readonly jitProvisioning?: boolean | undefined
  readonly defaultRole?: GivenRank | undefined
  readonly syncProfile?: boolean | undefined
  readonly trustSecondFactor?: boolean | undefined
  readonly roleMapping?: readonly RoleMapping[] | undefined
}

const isGiven = (fields: OpenidFields | SamlFields): boolean =>
  Object.values(fields).some((value) => value !== undefined)

/** Loaded with the first configuration in SAML. */
export const samlSettings = late(() => import('./saml-settings.ts'))

/** How often a change is tried when others come before it. */
export const ATTEMPTS = 3
export const METADATA_READ_EVERY_MS = DAY
const LISTED = 100

const FOREIGN: readonly string[] = [notAMember.code, organizationNotFound.code]

/** For those who are not in an organization there is nothing of it. */
const orNotFound = <T>(entering: Promise<T>, notThere: () => DomainError): Promise<T> =>
  entering.catch((error: unknown) => {
    throw error instanceof DomainError && FOREIGN.includes(error.code) ? notThere() : error
  })

/**
 * A configuration by its id or its organization's, and the caller's place there. Throws SSO_CONFIGURATION_NOT_FOUND, for one of
 * somebody else's organization too, and what `enterOrganization` throws.
 */
export async function enterConfiguration(
  ctx: ActorCtx,
  id: string,
): Promise<{ configuration: Configuration; place: Place }> {
  const configuration = await findConnectionOfAny(ctx, id)
  if (!configuration) throw configurationNotFound()
  const entering = enterOrganization(ctx, { id: configuration.organizationId }, 'admin')
  return { configuration, place: await orNotFound(entering, configurationNotFound) }
}

/** For admins of the organization. Throws what `enterConfiguration` throws. */
export const getConfiguration = async (ctx: ActorCtx, id: string): Promise<SeenConfiguration> =>
  seen(ctx, (await enterConfiguration(ctx, id)).configuration)

/** The configuration of an organization, for its admins; all of them, for admins of the platform. */
export async function listConfigurations(
  ctx: ActorCtx,
  organizationId: string | undefined,
): Promise<SeenConfiguration[]> {
  const { place } = await orNotFound(enterScopeToRead(ctx, organizationId), organizationNotFound)
  if (place) requireRank(place, 'admin')
  else if (!isAdmin(ctx.actor)) return []
  const rows = await selectConnections(ctx, place?.organizationId ?? null, LISTED)
  return rows.map((row) => seen(ctx, row))
}

export const eventOf = (ctx: ActorCtx, { id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>) => ({
  subject: id,
  userId: null,
  organizationId,
  actor: actorOf(ctx),
})

export const organizationOf = ({ organizationId: id, name, slug }: Place) => ({ id, name, slug })

export const sorted = (mapping: readonly RoleMapping[]): RoleMapping[] =>
  mapping.toSorted((one, other) => (one.group < other.group ? -1 : 1))

/** What the provider of a new configuration is asked; okta and the like speak both protocols, and the fields say which. */
async function planNew(
  ctx: ActorCtx,
  id: string,
  { provider, openid, saml }: ConfigurationFields & { readonly provider: Provider },
): Promise<Pick<Plan, 'resolve'>> {
  if (provider === 'saml' || (provider !== 'oidc' && isGiven(saml))) {
    refuseGiven(openid, 'oidc_issuer', 'is of OpenID Connect')
    return (await samlSettings.load()).planNewSaml(ctx, { provider }, saml)
  }
  refuseGiven(saml, 'saml_entity_id', 'is of SAML')
  return planNewOpenid(ctx, { id, provider }, openid)
}

export function refuseGiven(fields: OpenidFields | SamlFields, field: string, message: string): void {
  if (isGiven(fields)) throw invalidField(field, message)
}

/**
 * Configures single sign-on of an organization, for its owners with a fresh factor. Throws what `enterScopeToChange` throws,
 * STEP_UP_REQUIRED, SSO_VALIDATION_ERROR, SSO_METADATA_ERROR, SSO_CONFIGURATION_EXISTS.
 */
export async function createConfiguration(
  ctx: ActorCtx,
  { organizationId, ...asked }: ConfigurationFields & { provider: AskedProvider; organizationId: string | undefined },
): Promise<SeenConfiguration> {
  const entering = enterScopeToChange(ctx, organizationId, 'owner')
  const { place } = await orNotFound(entering, organizationNotFound)
  if (!place) throw organizationRequired()
  await requireFreshFactor(ctx)
  const fields = { ...asked, provider: requireSpoken(asked.provider) }
  const id = ctx.newId()
  const plan = await planNew(ctx, id, fields)
  if (await findConnectionOfAny(ctx, place.organizationId)) throw configurationExists()
  await countChange(ctx, place.organizationId, 'owner')
  const { certificates, ...settings } = await plan.resolve()
  const now = ctx.now()
  const row: SsoConnection = {
    ...settings,
    id,
    organizationId: place.organizationId,
    name: fields.name ?? null,
    enabled: fields.enabled ?? true,
    error: null,
    checkAt: now + METADATA_READ_EVERY_MS,
    attributeMapping: fields.attributeMapping ?? {},
    allowedDomains: [...(fields.allowedDomains ?? [])],
    jitProvisioning: fields.jitProvisioning ?? true,
    defaultRole: fields.defaultRole ?? 'member',
    syncProfile: fields.syncProfile ?? false,
    trustSecondFactor: fields.trustSecondFactor ?? false,
    ownerSignedInAt: null,
    version: 1,
    createdAt: now,
    updatedAt: now,
  }
  const mapping = sorted(fields.roleMapping ?? [])
  const [made] = await commitAll(ctx, insertConnection(ctx, place, row, { mapping, certificates }), {
    type: 'sso.configuration.created',
    ...eventOf(ctx, row),
    data: { after: snapshotOf({ ...row, roleMapping: mapping, certificates }) },
  })
  if (!made) {
    await enterScopeToChange(ctx, organizationId, 'owner')
    throw configurationExists()
  }
  mailOwners(ctx, { organization: organizationOf(place), change: 'created', about: row.issuer })
  return getConfiguration(ctx, id)
}

export async function requireNotRequired(ctx: ActorCtx, { organizationId }: Place): Promise<void> {
  if ((await findPolicy(ctx, organizationId))?.required) throw configurationRequired()
}

function requireRank(place: Place, rank: Rank): void {
  if (!isRanked(place.rank, rank)) throw insufficientPermissions({ required_role: rank })
}

export async function requireRight(ctx: ActorCtx, place: Place, rank: Rank): Promise<void> {
  requireRank(place, rank)
  if (rank === 'owner') await requireFreshFactor(ctx)
}

/**
 * Deletes a configuration and the role mapping: nobody signs in through it any more. Throws what `enterConfiguration` throws,
 * INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED, SSO_CONFIGURATION_REQUIRED.
 */
export async function removeConfiguration(ctx: ActorCtx, id: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { configuration, place } = await enterConfiguration(ctx, id)
    await requireRight(ctx, place, 'owner')
    await requireNotRequired(ctx, place)
    const mappingId = ctx.newId()
    const [deleted] = await commitAll(ctx, deleteConnection(ctx, place, { before: configuration, mappingId }), {
      type: 'sso.configuration.deleted',
      ...eventOf(ctx, configuration),
      data: { before: snapshotOf(configuration) },
    })
    if (deleted) {
      await settleMapped(ctx, { organizationId: place.organizationId, mappingId })
      mailOwners(ctx, { organization: organizationOf(place), change: 'deleted', about: configuration.issuer })
      return
    }
  }
  throw configurationChanged()
}
