import type { CommittedEvent } from '../../../db/commit.ts'
import { toIso } from '../../../lib/time.ts'
import type { TrustedCertificate } from '../types.ts'

/** A certificate as events show it. */
export const shownCertificate = ({ fingerprint, notAfter }: TrustedCertificate) => ({
  fingerprint,
  expires_at: toIso(notAfter),
})

const without = (all: readonly TrustedCertificate[], others: readonly TrustedCertificate[]) =>
  all.filter(({ fingerprint }) => !others.some((other) => other.fingerprint === fingerprint))

/** The certificates that a change adds, and those that it removes. */
export const compareCertificates = (before: readonly TrustedCertificate[], after: readonly TrustedCertificate[]) => ({
  added: without(after, before),
  removed: without(before, after),
})

/** What is recorded of such a change. */
export function certificateEvents(
  about: Omit<CommittedEvent, 'type' | 'data'>,
  before: readonly TrustedCertificate[],
  after: readonly TrustedCertificate[],
): CommittedEvent[] {
  const { added, removed } = compareCertificates(before, after)
  return [
    ...added.map((one) => ({ ...about, type: 'sso.certificate.added' as const, data: shownCertificate(one) })),
    ...removed.map((one) => ({ ...about, type: 'sso.certificate.removed' as const, data: shownCertificate(one) })),
  ]
}
