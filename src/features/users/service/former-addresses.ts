import type { Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { normalizeEmail } from '../rules.ts'
import { deleteFormerAddresses, selectFormerAddress, selectFormerAddresses } from '../store/former-addresses.ts'
import { selectUserByEmail } from '../store/users.ts'
import type { FormerAddress, User } from '../types.ts'

type Reading = Pick<Ctx, 'db' | 'now'>

/** How long a former address can revert the change. */
export const FORMER_ADDRESS_MS = 7 * DAY

/** The last change of an address, as a person types it, while it is reserved. */
export const findFormerAddress = (ctx: Reading, email: string): Promise<FormerAddress | undefined> =>
  selectFormerAddress(ctx, { email: normalizeEmail(email) })

/** The change with this id, while its former address is reserved. */
export const findAddressChange = (ctx: Reading, id: string): Promise<FormerAddress | undefined> =>
  selectFormerAddress(ctx, { id })

/** In the order of the changes; an address may occur several times. */
export const listFormerAddresses = (ctx: Reading, userId: string): Promise<FormerAddress[]> =>
  selectFormerAddresses(ctx, userId)

/** The addresses to which notices of an account are sent: the current and the former ones. */
export async function listNoticeAddresses(ctx: Reading, { id, email }: Pick<User, 'id' | 'email'>): Promise<string[]> {
  const former = await listFormerAddresses(ctx, id)
  return [...new Set([email, ...former.map((address) => address.email)])]
}

/** Whether notices of the account are sent to `email`. */
export const isNoticeAddress = async (
  ctx: Reading,
  user: Pick<User, 'id' | 'email'>,
  email: string | null,
): Promise<boolean> => email !== null && (await listNoticeAddresses(ctx, user)).includes(email)

/** The id of the user who has the normalized address, or for whom it is reserved. Equal work, whoever has it. */
export async function findEmailHolder(ctx: Reading, email: string): Promise<string | undefined> {
  const [user, former] = await Promise.all([selectUserByEmail(ctx, email), selectFormerAddress(ctx, { email })])
  return user?.id ?? former?.userId
}

/** Deletes, for cron, those that are no longer reserved. */
export const pruneFormerAddresses = (ctx: Reading): Promise<void> => deleteFormerAddresses(ctx)
