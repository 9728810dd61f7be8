import { type ActorCtx, actorOf, type Ctx, type Place } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import {
  DomainError,
  defineError,
  insufficientPermissions,
  notAMember,
  organizationNotFound,
} from '../../../lib/errors.ts'
import { findOutboundAddress } from '../../../lib/outbound.ts'
import { isAdmin, isRanked, type Rank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { findPolicy } from '../../domains/service.ts'
import { discoveryUrlOf, fetchMetadata, issuersAt } from '../../federation/service/metadata.ts'
import { settleMapped } from '../../memberships/service/mapping.ts'
import {
  enterOrganization,
  enterScopeToChange,
  enterScopeToRead,
  findOrganizationVersion,
  organizationRequired,
} from '../../memberships/service.ts'
import { organizationEntry } from '../../organizations/service/organizations.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { isSharedIssuer, PROVIDER_ROWS } from '../rules/providers.ts'
import {
  deleteConnection,
  findConnectionOfAny,
  insertConnection,
  selectConnections,
  updateConnection,
} from '../store.ts'
import type { SsoConnection } from '../tables.ts'
import {
  type Attribute,
  type AttributeMapping,
  type ConnectionStatus,
  type GivenRank,
  type OTHER_PROVIDERS,
  PROVIDERS,
  type Provider,
  type ProviderMetadata,
  type RoleMapping,
} from '../types.ts'
import { backchannelLogoutOf, callbackOf, logoutReturnOf } from './addresses.ts'
import { countChange, mailOwners } from './notices.ts'
import { sealSecret } from './secrets.ts'

export const configurationNotFound = defineError(
  'SSO_CONFIGURATION_NOT_FOUND',
  'not_found',
  'There is no such configuration of single sign-on',
)
export const configurationExists = defineError(
  'SSO_CONFIGURATION_EXISTS',
  'malformed',
  'The organization has a configuration of single sign-on already',
)
export const configurationChanged = defineError(
  'SSO_CONFIGURATION_CHANGED',
  'conflict',
  'The configuration was changed meanwhile; read it again',
)
export const configurationRequired = defineError(
  'SSO_CONFIGURATION_REQUIRED',
  'conflict',
  'The organization requires single sign-on: change its policy first',
)
export const providerUnsupported = defineError(
  'SSO_PROVIDER_UNSUPPORTED',
  'malformed',
  'This kind of identity provider is not supported',
)
export const ssoValidationError = defineError('SSO_VALIDATION_ERROR', 'invalid', 'The configuration is not valid')
export const ssoMetadataError = defineError('SSO_METADATA_ERROR', 'invalid', "The provider's metadata are not usable")

const invalid = (field: keyof Refusable, message: string) =>
  ssoValidationError({ validation_errors: [{ field: `body.${field}`, message, type: 'invalid_sso' }] })

interface Refusable {
  readonly oidc_issuer: never
  readonly oidc_discovery_url: never
  readonly oidc_client_id: never
  readonly oidc_client_secret: never
}

/** A connection, with its role mapping; `hasDomain`: its organization has verified a domain. */
interface Configuration extends SsoConnection {
  readonly hasDomain: boolean
  readonly roleMapping: readonly RoleMapping[]
}

export interface SeenConfiguration extends Configuration {
  readonly status: ConnectionStatus
  /** This and the next two are registered at the provider. */
  readonly redirectUri: string
  readonly postLogoutRedirectUri: string
  readonly backchannelLogoutUri: string
}

/**
 * Where the provider sends people back to: an address of this connection alone, unless the answers name their issuer (RFC 9207).
 * Otherwise a hostile provider could have the codes of an honest one sent to it (RFC 9700 4.4).
 */
const redirectUriOf = (ctx: Pick<Ctx, 'config'>, { id, metadata }: Pick<SsoConnection, 'id' | 'metadata'>): string =>
  callbackOf(ctx, metadata.authorization_response_iss_parameter_supported === true ? null : id)

/** A configuration as it is answered. */
export const seen = (ctx: Pick<ActorCtx, 'config'>, configuration: Configuration): SeenConfiguration => ({
  ...configuration,
  status: statusOf(configuration),
  redirectUri: redirectUriOf(ctx, configuration),
  postLogoutRedirectUri: logoutReturnOf(ctx),
  backchannelLogoutUri: backchannelLogoutOf(ctx),
})

const statusOf = ({ enabled, error, hasDomain }: Configuration): ConnectionStatus => {
  if (!enabled) return 'disabled'
  if (error !== null) return 'error'
  return hasDomain ? 'active' : 'pending'
}

/** Whether people with addresses in a domain, which is their organization's, sign in through it. */
export const isUsable = (configuration: Configuration, domain: string): boolean => {
  const { allowedDomains } = configuration
  return statusOf(configuration) === 'active' && (allowedDomains.length === 0 || allowedDomains.includes(domain))
}

/** Which claims are read: the provider's defaults, and what its admins have changed of them. Nothing reads a stored `external_id`. */
export const mappingOf = ({
  provider,
  attributeMapping,
}: Pick<SsoConnection, 'provider' | 'attributeMapping'>): Readonly<Record<Attribute, string>> => {
  const { external_id: _, ...read }: AttributeMapping & { readonly external_id?: string } = attributeMapping
  return { ...PROVIDER_ROWS[provider].mapping, ...read }
}

/** What documented clients may ask for. */
type AskedProvider = Provider | (typeof OTHER_PROVIDERS)[number]

function requireSpoken(provider: AskedProvider): Provider {
  const spoken = PROVIDERS.find((known) => known === provider)
  if (!spoken) throw providerUnsupported({ provider, supported: PROVIDERS })
  return spoken
}

/** Fields of a configuration; those that are undefined stay as they are. */
export interface ConfigurationFields {
  readonly provider?: AskedProvider | undefined
  readonly name?: string | null | undefined
  readonly enabled?: boolean | undefined
  readonly issuer?: string | undefined
  readonly discoveryUrl?: string | undefined
  readonly clientId?: string | undefined
  readonly clientSecret?: string | undefined
  readonly attributeMapping?: AttributeMapping | undefined
  readonly allowedDomains?: readonly string[] | undefined
  readonly jitProvisioning?: boolean | undefined
  readonly defaultRole?: GivenRank | undefined
  readonly syncProfile?: boolean | undefined
  readonly trustSecondFactor?: boolean | undefined
  readonly roleMapping?: readonly RoleMapping[] | undefined
}

/** How often a change is tried when others come before it. */
const ATTEMPTS = 3
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
async function enterConfiguration(ctx: ActorCtx, id: string): Promise<{ configuration: Configuration; place: Place }> {
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

type Wanted = Pick<ConfigurationFields, 'issuer' | 'discoveryUrl'> & { readonly provider: Provider }

/** The issuers that the fields may mean: the one that they name, or those whose metadata are at the address. */
function issuersOf(ctx: ActorCtx, { provider, issuer, discoveryUrl }: Wanted): readonly [string, ...string[]] {
  const fixed = PROVIDER_ROWS[provider].issuer
  const named = issuer ?? (discoveryUrl === undefined ? fixed : undefined)
  const [first, ...others] = named === undefined ? issuersAt(discoveryUrl ?? '') : [named]
  const field = named === undefined && discoveryUrl !== undefined ? 'oidc_discovery_url' : 'oidc_issuer'
  if (first === undefined)
    throw discoveryUrl === undefined
      ? invalid('oidc_issuer', 'is required')
      : invalid('oidc_discovery_url', "must be the issuer's own: {issuer}/.well-known/openid-configuration")
  const url = findOutboundAddress(ctx, first)
  if (!url || /[?#]/.test(first)) throw invalid(field, 'must be an https address of a public host')
  if (fixed !== undefined && first !== fixed) throw invalid(field, `must be ${fixed}`)
  if (isSharedIssuer(provider, url))
    throw invalid(field, "speaks for more than one organization: name your own tenant's issuer")
  if (discoveryUrl !== undefined && discoveryUrl !== discoveryUrlOf(first))
    throw invalid('oidc_discovery_url', `must be ${discoveryUrlOf(first)}`)
  return [first, ...others]
}

/** Reads the metadata once; from then on the snapshot counts. Throws SSO_VALIDATION_ERROR, SSO_METADATA_ERROR with the field. */
async function resolveIssuer(ctx: ActorCtx, wanted: Wanted): Promise<ProviderMetadata> {
  const reading = await fetchMetadata(ctx, issuersOf(ctx, wanted))
  if ('metadata' in reading) return reading.metadata
  const field = wanted.issuer === undefined && wanted.discoveryUrl !== undefined ? 'oidc_discovery_url' : 'oidc_issuer'
  const { message, kind } = reading.problem
  throw ssoMetadataError({ validation_errors: [{ field: `body.${field}`, message, type: kind }] })
}

/** A configuration as events show it: the secret is named, not shown. */
const snapshotOf = (configuration: Omit<Configuration, 'hasDomain'>) => ({
  provider: configuration.provider,
  name: configuration.name,
  enabled: configuration.enabled,
  oidc_issuer: configuration.issuer,
  oidc_client_id: configuration.clientId,
  attribute_mapping: mappingOf(configuration),
  allowed_domains: configuration.allowedDomains,
  jit_provisioning: configuration.jitProvisioning,
  default_role: configuration.defaultRole,
  sync_profile: configuration.syncProfile,
  trust_second_factor: configuration.trustSecondFactor,
  role_mapping: configuration.roleMapping,
})
type Snapshot = ReturnType<typeof snapshotOf>

const pick = (snapshot: Snapshot, names: readonly (keyof Snapshot)[]) =>
  Object.fromEntries(names.map((name) => [name, snapshot[name]]))

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

const eventOf = (ctx: ActorCtx, { id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>) => ({
  subject: id,
  userId: null,
  organizationId,
  actor: actorOf(ctx),
})

const organizationOf = ({ organizationId: id, name, slug }: Place) => ({ id, name, slug })

const sorted = (mapping: readonly RoleMapping[]): RoleMapping[] =>
  mapping.toSorted((one, other) => (one.group < other.group ? -1 : 1))

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
  const { provider, clientId, clientSecret, roleMapping = [] } = fields
  if (clientId === undefined) throw invalid('oidc_client_id', 'is required')
  if (clientSecret === undefined) throw invalid('oidc_client_secret', 'is required')
  if (await findConnectionOfAny(ctx, place.organizationId)) throw configurationExists()
  await countChange(ctx, place.organizationId, 'owner')
  const metadata = await resolveIssuer(ctx, fields)
  const [id, now] = [ctx.newId(), ctx.now()]
  const row: SsoConnection = {
    id,
    organizationId: place.organizationId,
    provider,
    name: fields.name ?? null,
    enabled: fields.enabled ?? true,
    error: null,
    issuer: metadata.issuer,
    clientId,
    secretSealed: await sealSecret(ctx, id, clientSecret),
    metadata,
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
  const mapping = sorted(roleMapping)
  const [made] = await commitAll(ctx, insertConnection(ctx, place, row, mapping), {
    type: 'sso.configuration.created',
    ...eventOf(ctx, row),
    data: { after: snapshotOf({ ...row, roleMapping: mapping }) },
  })
  if (!made) {
    await enterScopeToChange(ctx, organizationId, 'owner')
    throw configurationExists()
  }
  mailOwners(ctx, { organization: organizationOf(place), change: 'created', about: row.issuer })
  return getConfiguration(ctx, id)
}

/** What admins of an organization may change: what a person is called. All else decides who signs in as whom. */
const SHOWN: readonly Attribute[] = ['first_name', 'last_name', 'display_name']

const decidingPart = (mapping: AttributeMapping) =>
  Object.entries(mapping).filter(([name]) => !(SHOWN as readonly string[]).includes(name))

function rankFor(before: Snapshot, after: Snapshot, changed: readonly string[]): 'admin' | 'owner' {
  const others = changed.filter((name) => name !== 'name' && name !== 'attribute_mapping')
  const isDeciding = !isSame(decidingPart(before.attribute_mapping), decidingPart(after.attribute_mapping))
  return others.length > 0 || isDeciding ? 'owner' : 'admin'
}

/** The fields over a configuration: columns, metadata where the issuer is another or was in error, and the names of what differs. */
async function merge(ctx: ActorCtx, before: Configuration, fields: ConfigurationFields) {
  const { provider: asked = before.provider, issuer, discoveryUrl, clientSecret, roleMapping, ...rest } = fields
  const provider = requireSpoken(asked)
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const namesIssuer = issuer !== undefined || discoveryUrl !== undefined || provider !== before.provider
  const wanted = { provider, issuer: issuer ?? (discoveryUrl === undefined ? before.issuer : undefined), discoveryUrl }
  // Checks without a call: who may not change it makes none.
  const issuers = namesIssuer ? issuersOf(ctx, wanted) : [before.issuer]
  const after: Omit<Configuration, 'hasDomain'> = {
    ...before,
    ...given,
    provider,
    issuer: issuers.find((one) => one === before.issuer) ?? issuers[0],
    roleMapping: roleMapping ? sorted(roleMapping) : before.roleMapping,
  }
  const [old, snapshot] = [snapshotOf(before), snapshotOf(after)]
  const names = (Object.keys(snapshot) as (keyof Snapshot)[]).filter((name) => !isSame(old[name], snapshot[name]))
  // A configuration in error is read again when somebody confirms its issuer.
  const isConfirmed = before.error !== null && (issuer !== undefined || discoveryUrl !== undefined)
  const isReread = names.includes('oidc_issuer') || isConfirmed
  return { after, old, snapshot, names, isReread, wanted }
}

/**
 * Changes a configuration. What its people are called is for admins of the organization; what decides who signs in as whom is for
 * owners with a fresh factor. Another issuer needs the secret anew: the stored one would be sent to it. Throws what
 * `enterConfiguration` throws, INSUFFICIENT_PERMISSIONS, STEP_UP_REQUIRED, SSO_VALIDATION_ERROR, SSO_METADATA_ERROR,
 * SSO_CONFIGURATION_CHANGED, SSO_CONFIGURATION_REQUIRED.
 */
export async function changeConfiguration(
  ctx: ActorCtx,
  id: string,
  fields: ConfigurationFields,
): Promise<SeenConfiguration> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { configuration: before, place } = await enterConfiguration(ctx, id)
    const done = await applyChange(ctx, place, before, fields)
    // Not entered again: the caller's own session may be one that the earlier provider opened.
    const after = done && (await findConnectionOfAny(ctx, id))
    if (after) return seen(ctx, after)
  }
  throw configurationChanged()
}

const secretRequired = () => invalid('oidc_client_secret', 'is required with another issuer')

/** The others may have been written since they were read: cron reseals a secret, and a sign-in marks that it was an owner's. */
const changedIn = (before: SsoConnection, after: SsoConnection): Partial<SsoConnection> =>
  Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !isSame(value, before[name as keyof SsoConnection])),
  )

/** False when the configuration was changed since it was read, or the rank was lost. */
async function applyChange(
  ctx: ActorCtx,
  place: Place,
  before: Configuration,
  fields: ConfigurationFields,
): Promise<boolean> {
  const { clientSecret } = fields
  const { after, old, snapshot, names, isReread, wanted } = await merge(ctx, before, fields)
  const isSecretGiven = clientSecret !== undefined
  if (names.length === 0 && !isSecretGiven && !isReread) return true
  const rank = isSecretGiven || isReread ? 'owner' : rankFor(old, snapshot, names)
  await requireRight(ctx, place, rank)
  if (names.includes('oidc_issuer') && !isSecretGiven) throw secretRequired()
  const unlessRequired = deciding(names, fields)
  if (unlessRequired) await requireNotRequired(ctx, place)
  await countChange(ctx, place.organizationId, rank)
  const metadata = isReread ? await resolveIssuer(ctx, wanted) : before.metadata
  const isOtherIssuer = metadata.issuer !== before.issuer
  if (isOtherIssuer && !isSecretGiven) throw secretRequired()
  const isAnother = isReread || isSecretGiven || names.includes('oidc_client_id') || names.includes('provider')
  const { roleMapping, ...columns } = after
  const set = {
    ...changedIn(before, columns),
    updatedAt: ctx.now(),
    ...(isReread && {
      issuer: metadata.issuer,
      metadata,
      error: null,
      checkAt: ctx.now() + METADATA_READ_EVERY_MS,
    }),
    ...(isAnother && { ownerSignedInAt: null }),
    ...(isSecretGiven && { secretSealed: await sealSecret(ctx, before.id, clientSecret) }),
  }
  const changes = { before, rank, set, roleMapping: fields.roleMapping && roleMapping, isOtherIssuer, unlessRequired }
  const secret = isSecretGiven ? { oidc_client_secret: 'changed' } : {}
  const [changed] = await commitAll(ctx, updateConnection(ctx, place, changes), {
    type: 'sso.configuration.updated',
    ...eventOf(ctx, before),
    ...(isOtherIssuer && { computedFeedEntry: organizationEntry(place.organizationId) }),
    data: {
      before: pick(old, names),
      after: { ...pick({ ...snapshot, oidc_issuer: metadata.issuer }, names), ...secret },
    },
  })
  if (!changed) return false
  if (isOtherIssuer) await applyVersion(ctx, place)
  const about = [...names, ...Object.keys(secret)].join(', ') || 'oidc_issuer'
  mailOwners(ctx, { organization: organizationOf(place), change: 'updated', about })
  return true
}

/** What decides that its people can sign in, and where; another secret is the same provider's. */
const deciding = (names: readonly string[], { enabled }: ConfigurationFields): boolean =>
  enabled === false || ['oidc_issuer', 'oidc_client_id', 'provider'].some((name) => names.includes(name))

async function requireNotRequired(ctx: ActorCtx, { organizationId }: Place): Promise<void> {
  if ((await findPolicy(ctx, organizationId))?.required) throw configurationRequired()
}

/** In this isolate at once; the event's entry of the feed tells the others. */
async function applyVersion(ctx: ActorCtx, { organizationId: id }: Place): Promise<void> {
  applyToOwnView(ctx, [{ kind: 'organization', id, below: await findOrganizationVersion(ctx, id) }])
}

function requireRank(place: Place, rank: Rank): void {
  if (!isRanked(place.rank, rank)) throw insufficientPermissions({ required_role: rank })
}

async function requireRight(ctx: ActorCtx, place: Place, rank: Rank): Promise<void> {
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
