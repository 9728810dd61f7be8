import { type ActorCtx, actorOf, type Place } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { DomainError, insufficientPermissions, notAMember, organizationNotFound } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { isAdmin, isRanked, type Rank } from '../../../lib/roles.ts'
import { DAY } from '../../../lib/time.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { findPolicy, listDomainsOf } from '../../domains/service.ts'
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
import {
  configurationChanged,
  configurationExists,
  configurationNotFound,
  configurationRequired,
  invalidField,
  providerUnsupported,
} from '../errors.ts'
import { attributeNamesOf } from '../rules/providers.ts'
import {
  deleteConnection,
  findConnectionOfAny,
  insertConnection,
  selectConnections,
  updateConnection,
} from '../store/connections.ts'
import type { ConnectionRow, SsoConnection } from '../tables.ts'
import {
  type Attribute,
  type AttributeMapping,
  type GivenRank,
  type OTHER_PROVIDERS,
  PROVIDERS,
  type Provider,
  type RoleMapping,
} from '../types.ts'
import { certificateEvents, compareCertificates } from './certificates.ts'
import {
  type Configuration,
  type Plan,
  type ProtocolSettings,
  type SeenConfiguration,
  type Snapshot,
  seen,
  snapshotOf,
} from './configuration.ts'
import { countChange, mailOwners } from './notices.ts'
import { type OpenidFields, planNewOpenid, planOpenid } from './openid-settings.ts'
import type { SamlFields } from './saml-settings.ts'

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
const samlSettings = late(() => import('./saml-settings.ts'))

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

function refuseGiven(fields: OpenidFields | SamlFields, field: string, message: string): void {
  if (isGiven(fields)) throw invalidField(field, message)
}

/** What a change asks of the provider. A configuration keeps its protocol: what is kept of one means nothing in the other. */
async function planOf(ctx: ActorCtx, before: Configuration, fields: ConfigurationFields): Promise<Plan> {
  const { openid, saml, provider: asked = before.provider } = fields
  const provider = requireSpoken(asked)
  if (before.protocol === 'saml') {
    refuseGiven(openid, 'oidc_issuer', 'is of OpenID Connect, and this configuration speaks SAML: delete it first')
    if (provider === 'oidc') throw invalidField('provider', 'speaks another protocol: delete the configuration first')
    return (await samlSettings.load()).planSaml(ctx, before, { provider, ...saml })
  }
  refuseGiven(saml, 'saml_entity_id', 'is of SAML, and this configuration speaks OpenID Connect: delete it first')
  if (provider === 'saml') throw invalidField('provider', 'speaks another protocol: delete the configuration first')
  return planOpenid(ctx, before, { provider, ...openid })
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

/** What admins of an organization may change: what a person is called. All else decides who signs in as whom. */
const SHOWN: readonly Attribute[] = ['first_name', 'last_name', 'display_name']

const decidingPart = (mapping: AttributeMapping) =>
  Object.entries(mapping).filter(([name]) => !(SHOWN as readonly string[]).includes(name))

function rankFor(before: Snapshot, after: Snapshot, changed: readonly string[]): 'admin' | 'owner' {
  const others = changed.filter((name) => name !== 'name' && name !== 'attribute_mapping')
  const isDeciding = !isSame(decidingPart(before.attribute_mapping), decidingPart(after.attribute_mapping))
  return others.length > 0 || isDeciding ? 'owner' : 'admin'
}

type Given = Omit<ConfigurationFields, 'provider' | 'openid' | 'saml' | 'roleMapping'>

/** The fields over a configuration, with the settings of its protocol. */
const over = (
  before: Configuration,
  { provider: _, openid: __, saml: ___, roleMapping, ...rest }: ConfigurationFields,
  settings: ProtocolSettings,
): Configuration => {
  const given: Given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  return {
    ...before,
    ...given,
    ...settings,
    roleMapping: roleMapping ? sorted(roleMapping) : before.roleMapping,
  } as Configuration
}

const differing = (old: Snapshot, snapshot: Snapshot) =>
  (Object.keys(snapshot) as (keyof Snapshot)[]).filter((name) => !isSame(old[name], snapshot[name]))

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

/** The others may have been written since they were read: cron reseals a secret, and a sign-in marks that it was an owner's. */
const changedIn = (before: Configuration, after: Partial<Configuration>): Partial<ConnectionRow> =>
  Object.fromEntries(
    Object.entries(after).filter(([name, value]) => !isSame(value, before[name as keyof Configuration])),
  )

/** False when the configuration was changed since it was read, or the rank was lost. */
async function applyChange(
  ctx: ActorCtx,
  place: Place,
  before: Configuration,
  fields: ConfigurationFields,
): Promise<boolean> {
  const plan = await planOf(ctx, before, fields)
  const old = snapshotOf(before)
  const expected = over(before, fields, plan.expected)
  const expectedSnapshot = snapshotOf(expected)
  const expectedNames = differing(old, expectedSnapshot)
  if (expectedNames.length === 0 && !plan.isDeciding) return true
  const rank = plan.isDeciding ? 'owner' : rankFor(old, expectedSnapshot, expectedNames)
  await requireRight(ctx, place, rank)
  if (isDeciding(before, expected)) await requireNotRequired(ctx, place)
  await countChange(ctx, place.organizationId, rank)
  const after = over(before, fields, await plan.resolve())
  const unlessRequired = isDeciding(before, after)
  if (unlessRequired) await requireNotRequired(ctx, place)
  const allowedDomains = isSame(before.allowedDomains, after.allowedDomains) ? undefined : after.allowedDomains
  if (allowedDomains && !(await hasUsableOf(ctx, place, allowedDomains))) await requireNotRequired(ctx, place)
  const snapshot = snapshotOf(after)
  const names = differing(old, snapshot)
  const isSecretOther = after.secretSealed !== before.secretSealed
  if (names.length === 0 && !isSecretOther && before.error === null) return true
  const { roleMapping, certificates, ...columns } = after
  const forgetsPeople = after.issuer !== before.issuer || subjectNameOf(after) !== subjectNameOf(before)
  const set = {
    ...changedIn(before, columns),
    updatedAt: ctx.now(),
    ...(plan.isReread && { error: null, checkAt: ctx.now() + METADATA_READ_EVERY_MS }),
    ...((plan.isAnother || forgetsPeople) && { ownerSignedInAt: null }),
  }
  const changes = {
    before,
    rank,
    set,
    roleMapping: fields.roleMapping && roleMapping,
    certificates: before.protocol === 'saml' ? certificates : undefined,
    forgetsPeople,
    unlessRequired,
    allowedDomains,
  } as const
  const secret = isSecretOther ? { oidc_client_secret: 'changed' } : {}
  const [changed] = await commitAll(
    ctx,
    updateConnection(ctx, place, changes),
    {
      type: 'sso.configuration.updated',
      ...eventOf(ctx, before),
      ...(forgetsPeople && { computedFeedEntry: organizationEntry(place.organizationId) }),
      data: { before: pick(old, names), after: { ...pick(snapshot, names), ...secret } },
    },
    ...certificateEvents(eventOf(ctx, before), before.certificates, certificates),
  )
  if (!changed) return false
  if (forgetsPeople) await applyVersion(ctx, place)
  const about = [...names, ...Object.keys(secret)].join(', ') || 'oidc_issuer'
  mailOwners(ctx, { organization: organizationOf(place), change: 'updated', about })
  return true
}

/** In SAML: the attribute that says who somebody is, null for the `NameID`. The same value of another one may be another person. */
const subjectNameOf = ({ protocol, provider, attributeMapping }: Configuration): string | null =>
  protocol === 'saml' ? (attributeMapping.external_id ?? attributeNamesOf(provider).external_id[0] ?? null) : null

/** What decides that its people can sign in, and where; another secret, and a key beside the former ones, is the same provider's. */
function isDeciding(before: Configuration, after: Configuration): boolean {
  const decides = (one: Configuration) => {
    const { provider, issuer, clientId, protocol, metadata } = one
    return [
      provider,
      issuer,
      clientId,
      subjectNameOf(one),
      protocol === 'saml' ? [metadata.ssoUrl, metadata.metadataUrl] : null,
    ]
  }
  const { added, removed } = compareCertificates(before.certificates, after.certificates)
  const areOthers = added.length > 0 && removed.length === before.certificates.length
  return areOthers || (before.enabled && !after.enabled) || !isSame(decides(before), decides(after))
}

/** Whether people can come through one of the domains. */
async function hasUsableOf(ctx: ActorCtx, { organizationId }: Place, allowed: readonly string[]): Promise<boolean> {
  const verified = (await listDomainsOf(ctx, organizationId)).filter(({ verifiedAt }) => verifiedAt !== null)
  return verified.some(({ domain }) => allowed.length === 0 || allowed.includes(domain))
}

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
