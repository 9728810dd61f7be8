import type { Ctx } from './context.ts'
import { eraseDeletedUsers } from './features/account/service/erasure.ts'
import { pruneBlocks, sealRecord } from './features/audit/service/seal.ts'
import { assessDay } from './features/compliance/service/assessment.ts'
import { pruneReports } from './features/compliance/service/retention.ts'
import { pruneDeadLetters, pruneEvents, recordObjectEvents, sweepUndelivered } from './features/events/service.ts'
import { measureCostlyHashes } from './features/factors/password/service/costly-hashes.ts'
import { resealFactors } from './features/factors/totp/service/codes.ts'
import { refreshMetadata } from './features/federation/service/metadata.ts'
import { deleteEnded, expireInvitations } from './features/invitations/service/changes.ts'
import { resealKeys, rotateKeys } from './features/keys/service/tokens.ts'
import { pruneOneTimeTokens } from './features/links/service.ts'
import { deliverMails, enqueueOverdueMails, giveUpMails, pruneMails } from './features/mail/service/mails.ts'
import { deleteRemoved, expireMemberships } from './features/memberships/service.ts'
import { eraseOrganizations, settleOwnerless } from './features/organizations/service/ownership.ts'
import { pruneRequests, remindAdmins } from './features/privacy/service/requests.ts'
import { pruneDirectories } from './features/scim/service/pruning.ts'
import { pruneOrigins } from './features/sessions/service/opening.ts'
import { dropUnusedPasswords } from './features/sign-in/service/unused-passwords.ts'
import { recheckDomains } from './features/sso/service/domains.ts'
import { endOtherSessionsOfPolicies } from './features/sso/service/ending.ts'
import { rereadMetadata } from './features/sso/service/rereading.ts'
import { resealSamlKeys, rotateSamlKeys } from './features/sso/service/saml-keys.ts'
import { resealSecrets } from './features/sso/service/secrets.ts'
import { pruneFormerAddresses } from './features/users/service/former-addresses.ts'
import { tellObjects, tellOfAuthorless } from './features/webhooks/service/notices.ts'
import { resealWebhooks } from './features/webhooks/service/secrets.ts'
import { ORGANIZATION_DATA, USER_DATA } from './user-data.ts'

/** What cron does every minute. One failure does not stop the others. */
export async function runScheduled(ctx: Ctx): Promise<void> {
  const jobs: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['rotate_keys', () => rotateKeys(ctx)],
    ['reseal_keys', () => resealKeys(ctx)],
    ['reseal_factors', () => resealFactors(ctx)],
    ['reseal_webhooks', () => resealWebhooks(ctx)],
    ['sweep_undelivered', () => sweepUndelivered(ctx)],
    ['seal_record', () => sealRecord(ctx)],
    ['prune_events', () => pruneEvents(ctx)],
    ['prune_audit_blocks', () => pruneBlocks(ctx)],
    ['prune_one_time_tokens', () => pruneOneTimeTokens(ctx)],
    ['prune_federated_sessions', () => pruneOrigins(ctx)],
    ['prune_former_addresses', () => pruneFormerAddresses(ctx)],
    ['enqueue_overdue_mails', () => enqueueOverdueMails(ctx)],
    ['prune_mails', () => pruneMails(ctx)],
    ['prune_dead_letters', () => pruneDeadLetters(ctx)],
    ['measure_dear_hashes', () => measureCostlyHashes(ctx)],
    ['drop_forgotten_passwords', () => dropUnusedPasswords(ctx)],
    ['expire_memberships', () => expireMemberships(ctx)],
    ['prune_removed_members', () => deleteRemoved(ctx)],
    ['settle_ownerless_organizations', () => settleOwnerless(ctx)],
    ['erase_organizations', () => eraseOrganizations(ctx, ORGANIZATION_DATA)],
    ['refresh_provider_metadata', () => refreshMetadata(ctx)],
    ['reread_sso_metadata', () => rereadMetadata(ctx)],
    ['reseal_sso_secrets', () => resealSecrets(ctx)],
    ['rotate_saml_keys', () => rotateSamlKeys(ctx)],
    ['reseal_saml_keys', () => resealSamlKeys(ctx)],
    ['end_sessions_of_sso_policies', () => endOtherSessionsOfPolicies(ctx)],
    ['recheck_domains', () => recheckDomains(ctx)],
    ['expire_invitations', () => expireInvitations(ctx)],
    ['prune_invitations', () => deleteEnded(ctx)],
    ['tell_webhook_objects', () => tellObjects(ctx)],
    ['tell_of_authorless_webhooks', () => tellOfAuthorless(ctx)],
    ['prune_directories', () => pruneDirectories(ctx)],
    ['prune_compliance_reports', () => pruneReports(ctx)],
    ['remind_of_data_requests', () => remindAdmins(ctx)],
    ['prune_data_requests', () => pruneRequests(ctx)],
    ['erase_deleted_users', () => eraseDeletedUsers(ctx, USER_DATA)],
    // Last: once a day it takes seconds.
    ['assess_controls', () => assessDay(ctx, ORGANIZATION_DATA)],
  ]
  for (const [name, job] of jobs) {
    try {
      await job()
    } catch (cause) {
      ctx.log.error('job_failed', cause, { job: name })
    }
  }
}

/** Takes a batch of one of the queues. */
export function runQueue(ctx: Ctx, batch: MessageBatch<unknown>): Promise<void> {
  switch (batch.queue) {
    case 'postern-mail':
      return deliverMails(ctx, batch.messages)
    case 'postern-mail-dead':
      return giveUpMails(ctx, batch.messages)
    default:
      return recordObjectEvents(ctx, batch.messages)
  }
}
