import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAdmin } from '../../../scripts/support/accounts.ts'
import { withDatabase } from '../../../scripts/support/database.ts'
import { wrangler } from '../../../scripts/support/wrangler.ts'
import { ADMIN, buildOf, type Checkout, firstStateOf, freshCheckout, readBuiltConfig } from './checkout.ts'

const makeFirstState = (persistTo: string): Promise<void> =>
  withDatabase({ at: 'local', persistTo }, async (database) => {
    await database.applyMigrations()
    await createAdmin(database, ADMIN)
  })

/** A checkout whose services need not bundle the Worker nor migrate a database: both are done here, once. */
export async function preparedCheckout(): Promise<Checkout> {
  const checkout = await freshCheckout()
  const { root } = checkout
  await Promise.all([wrangler('deploy', '--dry-run', '--outdir', buildOf(root)), makeFirstState(firstStateOf(root))])
  await writeFile(join(root, 'wrangler.toml'), await readBuiltConfig(root))
  return checkout
}
