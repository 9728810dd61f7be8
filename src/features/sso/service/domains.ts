import { actorOf, type Ctx, type PlaceCtx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { toBase64Url } from '../../../lib/encoding.ts'
import { conflict, defineError, insufficientPermissions, serviceUnavailable } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { DAY, HOUR } from '../../../lib/time.ts'
import {
  deleteDomain,
  findDomain,
  findDomainOwner,
  insertDomain,
  isLastRequiredDomain,
  listDomainsOf,
  listDueDomains,
  type OrganizationDomain,
  updateChecked,
  updateVerified,
} from '../../domains/service.ts'
import { enterOrganization, findPlace, LIMITS, limitReached } from '../../memberships/service.ts'
import { SSO } from '../../sessions/types.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { configurationRequired } from '../errors.ts'
import { recordNameOf } from '../rules/dns.ts'
import { readRecord } from './dns.ts'
import { countChange, mailOwners } from './notices.ts'

export const domainTaken = defineError('DOMAIN_TAKEN', 'conflict', 'Another organization has verified this domain')
export const domainNotFound = defineError('DOMAIN_NOT_FOUND', 'not_found', 'The organization has no such domain')
export const publicMailDomain = defineError(
  'PUBLIC_MAIL_DOMAIN',
  'invalid',
  'Anybody can have an address in this domain',
)
export const domainUnproved = defineError(
  'DOMAIN_UNPROVED',
  'malformed',
  'The DNS record is not there, or the resolvers do not agree about it yet',
)

/** How often the record of a verified domain is read, and how long it may be missing. */
const CHECKED_EVERY_MS = 7 * DAY
const MISSING_CHECKED_EVERY_MS = DAY
const MAY_BE_MISSING_MS = 7 * DAY
/** After a reading that decided nothing, or in case this run dies. */
const CHECKED_AGAIN_MS = HOUR
const DOMAINS_PER_RUN = 20
/** How often a removal is tried when other changes come before it. */
const ATTEMPTS = 3

export type { OrganizationDomain }

const keyOf = ({ place }: PlaceCtx, domain: string) => ({ organizationId: place.organizationId, domain })
const organizationOf = ({ place }: PlaceCtx) => ({ id: place.organizationId, name: place.name, slug: place.slug })

/** Throws what entering an organization throws, when the caller is no owner any more. */
const requireOwner = (ctx: PlaceCtx) => enterOrganization(ctx, { id: ctx.place.organizationId }, 'owner')

/** The domains of an organization, by name. */
export const listDomains = (ctx: PlaceCtx): Promise<OrganizationDomain[]> =>
  listDomainsOf(ctx, ctx.place.organizationId)

async function isPublic(domain: string): Promise<boolean> {
  const { default: domains } = await import('email-providers/common.json')
  return domains.includes(domain)
}

/**
 * Claims a domain, which counts once its record is found. Public mail domains are for admins of the platform alone: the list may
 * be wrong. Throws STEP_UP_REQUIRED, PUBLIC_MAIL_DOMAIN, DOMAIN_TAKEN, CONFLICT, LIMIT_REACHED.
 */
export async function addDomain(ctx: PlaceCtx, domain: string): Promise<OrganizationDomain> {
  await requireFreshFactor(ctx)
  if (!ctx.place.isPlatformAdmin && (await isPublic(domain))) throw publicMailDomain()
  const key = keyOf(ctx, domain)
  const challenge = toBase64Url(ctx.random(32))
  const [row] = await insertDomain(ctx, { ...key, challenge, createdAt: ctx.now() })
  if (row) return row
  await requireOwner(ctx)
  if (await findDomain(ctx, key))
    throw conflict({ field: 'domain' }, { message: 'The organization has this domain already' })
  if (await findDomainOwner(ctx, domain)) throw domainTaken()
  throw limitReached({ pending: LIMITS.pendingDomainsPerOrganization, limit: LIMITS.domainsPerOrganization })
}

async function getDomain(ctx: PlaceCtx, domain: string): Promise<OrganizationDomain> {
  const row = await findDomain(ctx, keyOf(ctx, domain))
  if (!row) throw domainNotFound()
  return row
}

/** Throws DOMAIN_UNPROVED, and SERVICE_UNAVAILABLE when a resolver does not answer. */
async function requireRecord(ctx: Ctx, claimed: OrganizationDomain): Promise<void> {
  const reading = await readRecord(ctx, claimed)
  if (reading === 'present') return
  if (reading === 'no_answer') throw serviceUnavailable({ reason: 'dns' })
  throw domainUnproved({ reason: reading, record: recordNameOf(claimed.domain), value: claimed.challenge })
}

/**
 * Verifies a domain by its DNS record, or by the word of an admin of the platform (`vouch`). One that is verified stays as it is.
 * Throws STEP_UP_REQUIRED, DOMAIN_NOT_FOUND, DOMAIN_TAKEN, DOMAIN_UNPROVED, SERVICE_UNAVAILABLE.
 */
export async function verifyDomain(
  ctx: PlaceCtx,
  domain: string,
  { vouch }: { vouch: boolean },
): Promise<OrganizationDomain> {
  await requireFreshFactor(ctx)
  if (vouch && !ctx.place.isPlatformAdmin) throw insufficientPermissions({ required_role: 'platform admin' })
  const claimed = await getDomain(ctx, domain)
  if (claimed.verifiedAt !== null) return claimed
  await countChange(ctx, ctx.place.organizationId, 'owner')
  if (!vouch) await requireRecord(ctx, claimed)
  const now = ctx.now()
  const set = { verifiedAt: now, isVouched: vouch, checkAt: vouch ? null : now + CHECKED_EVERY_MS }
  const [row] = await commit(ctx, updateVerified(ctx, claimed, set), {
    type: 'sso.domain.verified',
    subject: ctx.place.organizationId,
    userId: null,
    organizationId: ctx.place.organizationId,
    actor: actorOf(ctx),
    data: { domain, method: vouch ? 'vouched' : 'dns' },
  })
  if (!row) return findVerified(ctx, domain)
  mailOwners(ctx, { organization: organizationOf(ctx), change: 'domain_verified', about: domain })
  return row
}

/** After another call was first: the domain, if it was one of the same organization. */
async function findVerified(ctx: PlaceCtx, domain: string): Promise<OrganizationDomain> {
  await requireOwner(ctx)
  const row = await getDomain(ctx, domain)
  if (row.verifiedAt === null) throw domainTaken()
  return row
}

/** Takes a domain from its organization. Throws STEP_UP_REQUIRED, DOMAIN_NOT_FOUND, CONFLICT. */
export async function removeDomain(ctx: PlaceCtx, domain: string): Promise<void> {
  await requireFreshFactor(ctx)
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const row = await getDomain(ctx, domain)
    if (await isLastRequiredDomain(ctx, row)) throw configurationRequired()
    const wasVerified = row.verifiedAt !== null
    const events = wasVerified ? [lostEvent(row, actorOf(ctx), 'removed')] : []
    const [deleted] = await commit(ctx, deleteDomain(ctx, row), ...events)
    if (deleted) {
      if (wasVerified) mailOwners(ctx, { organization: organizationOf(ctx), change: 'domain_lost', about: domain })
      return
    }
    // It was verified, lost or removed since it was read.
    await requireOwner(ctx)
  }
  throw conflict({ field: 'domain' }, { message: 'The domain was changed meanwhile; try again' })
}

const lostEvent = (
  { organizationId, domain }: OrganizationDomain,
  actor: EventActor,
  reason: 'removed' | 'record_missing',
) => ({
  type: 'sso.domain.lost' as const,
  subject: organizationId,
  userId: null,
  organizationId,
  actor,
  data: { domain, reason },
})

/** Cron: reads the records of verified domains again, a bounded number. One failure does not stop the others. */
export async function recheckDomains(ctx: Ctx): Promise<void> {
  const due = await listDueDomains(ctx, DOMAINS_PER_RUN)
  const done = await Promise.allSettled(due.map((row) => recheckDomain(ctx, row)))
  for (const each of done) if (each.status === 'rejected') ctx.log.error('domain_not_rechecked', each.reason)
}

async function recheckDomain(ctx: Ctx, due: OrganizationDomain): Promise<void> {
  const [row] = await updateChecked(ctx, due, { checkAt: ctx.now() + CHECKED_AGAIN_MS })
  if (!row) return
  const reading = await readRecord(ctx, row)
  if (reading === 'present')
    await updateChecked(ctx, row, { checkAt: ctx.now() + CHECKED_EVERY_MS, missingSince: null })
  else if (reading === 'missing') await markMissing(ctx, row)
  else ctx.log.warn('domain_not_checked', { domain: row.domain, reason: reading })
}

async function markMissing(ctx: Ctx, row: OrganizationDomain): Promise<void> {
  const now = ctx.now()
  const missingSince = row.missingSince ?? now
  const end = missingSince + MAY_BE_MISSING_MS
  const isLost = now >= end
  const [changed] = isLost
    ? await commit(
        ctx,
        updateChecked(ctx, row, { verifiedAt: null, checkAt: null, missingSince: null }),
        lostEvent(row, SSO, 'record_missing'),
      )
    : await updateChecked(ctx, row, { missingSince, checkAt: Math.min(now + MISSING_CHECKED_EVERY_MS, end) })
  if (!changed || (!isLost && row.missingSince !== null)) return
  const place = await findPlace(ctx, { id: row.organizationId }, SSO.id)
  if (!place) return
  const change = isLost ? 'domain_lost' : 'domain_missing'
  mailOwners(ctx, { organization: place.organization, change, about: row.domain })
}
