import type { Ctx } from '../../../context.ts'
import { commit, commitAll } from '../../../db/commit.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { updateChecked, updateCheckedCertificates } from '../store/connections.ts'
import { selectCertificates, updateWarned } from '../store/saml.ts'
import type { SamlConnection } from '../tables.ts'
import type { SamlSettings, TrustedCertificate } from '../types.ts'
import { certificateEvents, compareCertificates, shownCertificate } from './certificates.ts'
import { METADATA_READ_EVERY_MS } from './configurations.ts'
import { mailOwners, type Told } from './notices.ts'
import { fetchSamlMetadata, settingsOf } from './saml-settings.ts'
import { setAside, updatedBySystem } from './setting-aside.ts'

type Connected = SamlConnection & { readonly certificates: readonly TrustedCertificate[] }
type Organization = Told['organization']

/** Cron: reads the metadata of a provider again, where they have an address, and warns of certificates that end. */
export async function rereadSaml(ctx: Ctx, connection: Connected, organization: Organization): Promise<void> {
  await warn(ctx, connection, organization)
  const { metadataUrl } = connection.metadata
  if (metadataUrl === null) {
    await updateChecked(ctx, connection, { checkAt: ctx.now() + METADATA_READ_EVERY_MS })
    return
  }
  const reading = await fetchSamlMetadata(ctx, metadataUrl, connection)
  // What cannot be read, or has no good key, changes nothing; metadata of another entity do.
  if ('problem' in reading) {
    ctx.log.warn('sso_metadata_not_taken', { connection: connection.id, reason: reading.problem.reason })
    return
  }
  if (reading.metadata.entityId !== connection.issuer) return setAside(ctx, connection, organization)
  await take(ctx, connection, organization, settingsOf(reading.metadata))
}

const NAMES = {
  ssoUrl: 'saml_sso_url',
  sloUrl: 'saml_slo_url',
  wantsSignedRequests: 'saml_wants_signed_requests',
} as const

async function take(
  ctx: Ctx,
  connection: Connected,
  organization: Organization,
  { metadata: read, certificates }: ReturnType<typeof settingsOf>,
): Promise<void> {
  const { metadata: before, version } = connection
  const checkAt = ctx.now() + METADATA_READ_EVERY_MS
  const names = (Object.keys(NAMES) as (keyof typeof NAMES)[]).filter((name) => before[name] !== read[name])
  const { added, removed } = compareCertificates(connection.certificates, certificates)
  if (names.length === 0 && added.length === 0 && removed.length === 0) {
    await updateChecked(ctx, connection, { checkAt })
    return
  }
  const metadata: SamlSettings = { ...before, ...read }
  const about = updatedBySystem(connection)
  const pick = (from: SamlSettings) => Object.fromEntries(names.map((name) => [NAMES[name], from[name]]))
  const updated = { ...about, data: { before: pick(before), after: pick(metadata), reason: 'metadata' } }
  const set = { metadata, checkAt, version: version + 1 }
  const [changed] = await commitAll(
    ctx,
    updateCheckedCertificates(ctx, connection, set, certificates),
    ...(names.length > 0 ? [updated] : []),
    ...certificateEvents(about, connection.certificates, certificates),
  )
  if (!changed) return
  if (names.length > 0)
    mailOwners(ctx, { organization, change: 'updated', about: names.map((name) => NAMES[name]).join(', ') })
  for (const one of added) mailOwners(ctx, { organization, change: 'certificate_added', about: nameOf(one) })
  for (const one of removed) mailOwners(ctx, { organization, change: 'certificate_removed', about: nameOf(one) })
}

const nameOf = ({ fingerprint, notAfter }: TrustedCertificate): string =>
  `${fingerprint.slice(0, 16)}…, ${toIso(notAfter).slice(0, 10)}`

/** How many days before its end owners hear of a certificate, the last first. */
const WARNED_DAYS = [3, 14, 30] as const

async function warn(ctx: Ctx, connection: Connected, organization: Organization): Promise<void> {
  for (const one of await selectCertificates(ctx, connection.id)) {
    const days = WARNED_DAYS.find((ahead) => one.notAfter <= ctx.now() + ahead * DAY)
    if (days === undefined || (one.warnedDays !== null && one.warnedDays <= days)) continue
    const { fingerprint, warnedDays: before } = one
    const [warned] = await commit(ctx, updateWarned(ctx, { connectionId: connection.id, fingerprint, days, before }), {
      ...updatedBySystem(connection),
      type: 'sso.certificate.expiring',
      data: shownCertificate(one),
    })
    if (warned) mailOwners(ctx, { organization, change: 'certificate_expiring', about: nameOf(one) })
  }
}
