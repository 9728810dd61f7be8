import type { ActorCtx, Ctx } from '../../../context.ts'
import { findOutboundAddress, OutboundError, outbound } from '../../../lib/outbound.ts'
import { badMetadata, invalidField } from '../errors.ts'
import { isEntity, readCertificates, readSamlMetadata, type SamlMetadata } from '../saml/provider-metadata.ts'
import type { SamlConnection } from '../tables.ts'
import type { SamlProvider, SamlSettings, TrustedCertificate } from '../types.ts'
import type { Plan, ProtocolSettings } from './configuration.ts'

/** Fields of a configuration in SAML; those that are undefined stay as they are. */
export interface SamlFields {
  readonly metadataUrl?: string | undefined
  readonly metadataXml?: string | undefined
  readonly entityId?: string | undefined
  readonly ssoUrl?: string | undefined
  readonly sloUrl?: string | null | undefined
  /** All that are trusted from now on. */
  readonly certificates?: readonly string[] | undefined
  readonly signsRequests?: boolean | undefined
  readonly isIdpInitiated?: boolean | undefined
}

type Problem = { readonly reason: string; readonly message: string }

const mayCallOf =
  (ctx: Pick<Ctx, 'config'>) =>
  (address: string): boolean =>
    findOutboundAddress(ctx, address) !== undefined

const ACCEPT = 'application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8'

const readingOf = (ctx: Pick<Ctx, 'config' | 'now'>, before: Pick<Before, 'certificates'> | null) => ({
  now: ctx.now(),
  mayCall: mayCallOf(ctx),
  trusted: new Set(before?.certificates.map(({ fingerprint }) => fingerprint)),
})

/** Reads a provider's metadata at its address. `before`: what is configured, if they are read again. Never throws. */
export async function fetchSamlMetadata(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log' | 'now'>,
  url: string,
  before: Before | null,
): Promise<{ readonly metadata: SamlMetadata } | { readonly problem: Problem }> {
  try {
    const answer = await outbound(ctx, url, { headers: { accept: ACCEPT } })
    if (answer.status !== 200) return { problem: { reason: 'unreadable', message: `${url} answers ${answer.status}` } }
    return await readSamlMetadata(await answer.bytes(), {
      ...readingOf(ctx, before),
      sloUrlBefore: before?.metadata.metadataUrl === url ? before.metadata.sloUrl : undefined,
    })
  } catch (cause) {
    if (!(cause instanceof OutboundError)) throw cause
    ctx.log.warn('metadata_not_read', { url, reason: cause.reason })
    return { problem: { reason: 'unreadable', message: `${url} was not read: ${cause.reason}` } }
  }
}

const trusted = (certificates: SamlMetadata['certificates']): TrustedCertificate[] =>
  certificates.map(({ fingerprint, certificate, notAfter }) => ({ fingerprint, certificate, notAfter }))

/** What is taken of metadata. */
export const settingsOf = ({ entityId, ssoUrl, sloUrl, wantsSignedRequests, certificates }: SamlMetadata) => ({
  issuer: entityId,
  metadata: { ssoUrl, sloUrl, wantsSignedRequests },
  certificates: trusted(certificates),
})

function requireAddress(ctx: ActorCtx, field: string, address: string): string {
  if (!mayCallOf(ctx)(address) || address.includes('#'))
    throw invalidField(field, 'must be an https address of a public host')
  return address
}

/** Entity, addresses and certificates, given by hand over those that are there. */
function byHand(ctx: ActorCtx, before: Before | null, fields: SamlFields) {
  const { entityId = before?.issuer, ssoUrl = before?.metadata.ssoUrl, certificates } = fields
  const { sloUrl = before?.metadata.sloUrl ?? null } = fields
  if (entityId === undefined) throw invalidField('saml_entity_id', 'is required')
  if (!isEntity(entityId)) throw invalidField('saml_entity_id', 'must be the entity of an identity provider')
  if (ssoUrl === undefined) throw invalidField('saml_sso_url', 'is required')
  const known = certificates === undefined ? before?.certificates : undefined
  return {
    issuer: entityId,
    metadata: {
      ssoUrl: requireAddress(ctx, 'saml_sso_url', ssoUrl),
      sloUrl: sloUrl && requireAddress(ctx, 'saml_slo_url', sloUrl),
      wantsSignedRequests: before?.metadata.wantsSignedRequests ?? false,
    },
    certificates: known ?? requireCertificates(ctx, before, certificates ?? []),
  }
}

function requireCertificates(ctx: ActorCtx, before: Before | null, texts: readonly string[]): TrustedCertificate[] {
  const read = readCertificates(texts, readingOf(ctx, before))
  if ('certificates' in read) return trusted(read.certificates)
  throw badMetadata('saml_certificate', { message: read.problem.message, type: read.problem.reason })
}

async function byMetadata(ctx: ActorCtx, before: Before | null, { metadataUrl, metadataXml = '' }: SamlFields) {
  const reading =
    metadataUrl === undefined
      ? await readSamlMetadata(new TextEncoder().encode(metadataXml), readingOf(ctx, before))
      : await fetchSamlMetadata(ctx, metadataUrl, before)
  if ('metadata' in reading) return settingsOf(reading.metadata)
  const { message, reason } = reading.problem
  throw badMetadata(metadataUrl === undefined ? 'saml_metadata_xml' : 'saml_metadata_url', { message, type: reason })
}

type Before = SamlConnection & { readonly certificates: readonly TrustedCertificate[] }

/** Metadata, or fields by hand, or neither. Throws SSO_VALIDATION_ERROR. */
function sourceOf(ctx: ActorCtx, fields: SamlFields): 'metadata' | 'hand' | null {
  const { metadataUrl, metadataXml, entityId, ssoUrl, sloUrl, certificates } = fields
  const isByHand = [entityId, ssoUrl, sloUrl, certificates].some((given) => given !== undefined)
  if (metadataUrl === undefined && metadataXml === undefined) return isByHand ? 'hand' : null
  const field = metadataUrl === undefined ? 'saml_metadata_xml' : 'saml_metadata_url'
  if (isByHand || (metadataUrl !== undefined && metadataXml !== undefined))
    throw invalidField(field, 'must stand alone: metadata say all the rest')
  if (metadataUrl !== undefined) requireAddress(ctx, field, metadataUrl)
  return 'metadata'
}

type Described = ReturnType<typeof byHand>

function toSettings(provider: SamlProvider, before: Before | null, fields: SamlFields, url: string | null) {
  const own = {
    metadataUrl: url,
    signsRequests: fields.signsRequests ?? before?.metadata.signsRequests ?? false,
    isIdpInitiated: fields.isIdpInitiated ?? before?.metadata.isIdpInitiated ?? false,
  }
  return ({ issuer, metadata, certificates }: Described): ProtocolSettings => {
    const whole: SamlSettings = { ...metadata, ...own }
    return { protocol: 'saml', provider, issuer, clientId: '', secretSealed: '', metadata: whole, certificates }
  }
}

/** The settings of a new configuration. Throws SSO_VALIDATION_ERROR. */
export function planNewSaml(
  ctx: ActorCtx,
  { provider }: { readonly provider: SamlProvider },
  fields: SamlFields,
): Pick<Plan, 'resolve'> {
  const source = sourceOf(ctx, fields)
  const settings = toSettings(provider, null, fields, fields.metadataUrl ?? null)
  if (source === 'metadata') return { resolve: async () => settings(await byMetadata(ctx, null, fields)) }
  if (source === null)
    throw invalidField(
      'saml_metadata_url',
      'is required, or saml_metadata_xml, or saml_entity_id and what goes with it',
    )
  const given = settings(byHand(ctx, null, fields))
  return { resolve: async () => given }
}

/** A change of them. Throws SSO_VALIDATION_ERROR, SSO_METADATA_ERROR. */
export function planSaml(
  ctx: ActorCtx,
  before: Before,
  { provider, ...fields }: SamlFields & { readonly provider: SamlProvider },
): Plan {
  const source = sourceOf(ctx, fields)
  const url = source === null ? before.metadata.metadataUrl : (fields.metadataUrl ?? null)
  const settings = toSettings(provider, before, fields, url)
  const expected = settings(source === 'hand' ? byHand(ctx, before, fields) : before)
  return {
    expected,
    isReread: source !== null,
    isDeciding: source === 'metadata',
    isAnother: source !== null || provider !== before.provider,
    resolve: async () => (source === 'metadata' ? settings(await byMetadata(ctx, before, fields)) : expected),
  }
}
