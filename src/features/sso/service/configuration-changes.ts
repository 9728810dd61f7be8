import type { ActorCtx, Place } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { listDomainsOf } from '../../domains/service.ts'
import { findOrganizationVersion } from '../../memberships/service.ts'
import { organizationEntry } from '../../organizations/service/organizations.ts'
import { configurationChanged, invalidField } from '../errors.ts'
import { attributeNamesOf } from '../rules/providers.ts'
import { findConnectionOfAny, updateConnection } from '../store/connections.ts'
import type { ConnectionRow } from '../tables.ts'
import type { Attribute, AttributeMapping } from '../types.ts'
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
import {
  ATTEMPTS,
  type ConfigurationFields,
  enterConfiguration,
  eventOf,
  METADATA_READ_EVERY_MS,
  organizationOf,
  refuseGiven,
  requireNotRequired,
  requireRight,
  requireSpoken,
  samlSettings,
  sorted,
} from './configurations.ts'
import { countChange, mailOwners } from './notices.ts'
import { planOpenid } from './openid-settings.ts'

const pick = (snapshot: Snapshot, names: readonly (keyof Snapshot)[]) =>
  Object.fromEntries(names.map((name) => [name, snapshot[name]]))

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

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

const metadataUrlOf = ({ protocol, metadata }: Configuration): string | null =>
  protocol === 'saml' ? metadata.metadataUrl : null

/** What decides that its people can sign in, and where; another secret, and a key beside the former ones, is the same provider's. */
function isDeciding(before: Configuration, after: Configuration): boolean {
  // What stands at the address that is configured is taken every day, unasked.
  const isReread = metadataUrlOf(after) !== null && metadataUrlOf(after) === metadataUrlOf(before)
  const decides = (one: Configuration) => {
    const { provider, issuer, clientId, protocol, metadata } = one
    return [
      provider,
      issuer,
      clientId,
      subjectNameOf(one),
      protocol === 'saml' ? [isReread ? null : metadata.ssoUrl, metadata.metadataUrl] : null,
    ]
  }
  const { added, removed } = compareCertificates(before.certificates, after.certificates)
  const areOthers = added.length > 0 && removed.length === before.certificates.length
  return (areOthers && !isReread) || (before.enabled && !after.enabled) || !isSame(decides(before), decides(after))
}

/** Whether people can come through one of the domains. */
async function hasUsableOf(ctx: ActorCtx, { organizationId }: Place, allowed: readonly string[]): Promise<boolean> {
  const verified = (await listDomainsOf(ctx, organizationId)).filter(({ verifiedAt }) => verifiedAt !== null)
  return verified.some(({ domain }) => allowed.length === 0 || allowed.includes(domain))
}

/** In this isolate at once; the event's entry of the feed tells the others. */
async function applyVersion(ctx: ActorCtx, { organizationId: id }: Place): Promise<void> {
  applyToOwnView(ctx, [{ kind: 'organization', id, below: await findOrganizationVersion(ctx, id) }])
}
