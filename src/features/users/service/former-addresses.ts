import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { normalizeEmail } from '../rules/names.ts'
import { deleteFormerAddresses, selectFormerAddress, selectFormerAddresses } from '../store/former-addresses.ts'
import { selectUserByEmail } from '../store/users.ts'
import type { FormerAddress, User } from '../types.ts'

type Reading = Pick<Ctx, 'db' | 'now'>

/** How long an address that was changed can bring its account back. */
export const FORMER_ADDRESS_MS = 7 * DAY

/** The last change away from an address as a person types it, while the address is reserved. */
export const findFormerAddress = (ctx: Reading, email: string): Promise<FormerAddress | undefined> =>
  selectFormerAddress(ctx, { email: normalizeEmail(email) })

/** By the id of the change. */
export const findAddressChange = (ctx: Reading, id: string): Promise<FormerAddress | undefined> =>
  selectFormerAddress(ctx, { id })

/** In the order of the changes; one address may be in it several times. */
export const listFormerAddresses = (ctx: Reading, userId: string): Promise<FormerAddress[]> =>
  selectFormerAddresses(ctx, userId)

/** Where notices of an account go: to its address, and to those before it. */
export async function listNoticeAddresses(ctx: Reading, { id, email }: Pick<User, 'id' | 'email'>): Promise<string[]> {
  const former = await listFormerAddresses(ctx, id)
  return [...new Set([email, ...former.map((address) => address.email)])]
}

/** Whether a notice of the account that was mailed to `email` went to its user. */
export const isNoticeAddress = async (
  ctx: Reading,
  user: Pick<User, 'id' | 'email'>,
  email: string | null,
): Promise<boolean> => email !== null && (await listNoticeAddresses(ctx, user)).includes(email)

/** The id of whose address it is, or for whom it is reserved. `email` in its normal form. */
export async function findEmailHolder(ctx: Reading, email: string): Promise<string | undefined> {
  return (await selectUserByEmail(ctx, email))?.id ?? (await selectFormerAddress(ctx, { email }))?.userId
}

/** Cron: those whose time is over. */
export const pruneFormerAddresses = (ctx: Reading): Promise<void> => deleteFormerAddresses(ctx)
