import type { Ctx } from '../../../../context.ts'
import { utf8 } from '../../../../lib/encoding.ts'
import { defineError } from '../../../../lib/errors.ts'
import { late } from '../../../../lib/late.ts'
import { SECOND } from '../../../../lib/time.ts'
import { findWeaknesses, type PasswordOwner, type PasswordWeakness } from '../rules/strength.ts'

export const weakPassword = defineError('WEAK_PASSWORD', 'malformed', 'The password is too easy to guess')

/** Loaded at the first use: most isolates never see a new password. */
const commonPasswords = late(async (): Promise<ReadonlySet<string>> => {
  const { default: passwords } = await import('@zxcvbn-ts/language-common/dist/passwords.json.mjs')
  return new Set(passwords)
})

const RANGE_ADDRESS = 'https://api.pwnedpasswords.com/range/'
const RANGE_PREFIX_LENGTH = 5
const RANGE_BOUND_MS = 1.5 * SECOND

/** Whether a line `SUFFIX:COUNT` has the suffix. Padding lines have the count 0. */
const hasSuffix = (lines: string, suffix: string): boolean =>
  lines.split('\n').some((line) => {
    const [found, count] = line.trim().split(':')
    return found === suffix && Number(count) > 0
  })

/** Asks Pwned Passwords for all breached passwords with the same first five digits of SHA-1, so the password is not sent. Fails open. */
async function isBreached(ctx: Pick<Ctx, 'fetch' | 'log'>, password: string): Promise<boolean> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', utf8(password))).toHex().toUpperCase()
  try {
    const answer = await ctx.fetch(RANGE_ADDRESS + digest.slice(0, RANGE_PREFIX_LENGTH), {
      headers: { 'Add-Padding': 'true' },
      signal: AbortSignal.timeout(RANGE_BOUND_MS),
    })
    if (!answer.ok) throw new Error('the breached-password service did not answer')
    return hasSuffix(await answer.text(), digest.slice(RANGE_PREFIX_LENGTH))
  } catch (cause) {
    ctx.log.error('breached_password_check_failed', cause)
    return false
  }
}

/** Clients of documented systems show only the message, so it states the minimum length. */
const wordingOf = (reasons: readonly PasswordWeakness[], { minLength }: { minLength: number }) =>
  reasons.includes('too_short') ? { message: `The password must have at least ${minLength} characters` } : {}

/** The application's names, and the labels of its host without the last. IP addresses are left out. */
function deploymentNames({ APP_NAME, PASSKEY_RP_NAME, PUBLIC_URL }: Ctx['config']): string[] {
  const labels = new URL(PUBLIC_URL).hostname.split('.').slice(0, -1)
  return [APP_NAME, PASSKEY_RP_NAME ?? APP_NAME, ...labels.filter((label) => /[a-z]/.test(label))]
}

/** Throws WEAK_PASSWORD, with all `details.reasons`. */
export async function requireStrongPassword(
  ctx: Pick<Ctx, 'config' | 'fetch' | 'log'>,
  password: string,
  owner: PasswordOwner,
): Promise<void> {
  const common = await commonPasswords.load()
  const policy = {
    minLength: ctx.config.PASSWORD_MIN_LENGTH,
    owner,
    names: deploymentNames(ctx.config),
    isCommon: (folded: string) => common.has(folded),
  }
  const reasons = findWeaknesses(password, policy)
  if (reasons.length > 0) throw weakPassword({ reasons, min_length: policy.minLength }, wordingOf(reasons, policy))
  if (ctx.config.BREACHED_PASSWORD_CHECK && (await isBreached(ctx, password)))
    throw weakPassword({ reasons: ['breached'] }, { message: 'The password appears in a known breach' })
}
