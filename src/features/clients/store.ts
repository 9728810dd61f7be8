import { and, desc, eq, getTableColumns, isNull } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { listRows } from '../../db/list.ts'
import { type ClientRow, clients } from './tables.ts'

type Store = Pick<Ctx, 'db'>

export const findClientRow = ({ db }: Store, id: string): Promise<ClientRow | undefined> =>
  db.select().from(clients).where(eq(clients.id, id)).get()

/** Every client of the deployment, newest first. */
export const listClientRows = (store: Store, range: { limit: number; offset: number }) =>
  listRows(
    store,
    { table: clients, columns: getTableColumns(clients), order: [desc(clients.createdAt), clients.id] },
    range,
  )

export const insertClient = ({ db }: Store, row: ClientRow) =>
  db.insert(clients).values(row).returning({ id: clients.id })

/** Changes nothing when the client is unknown or disabled already. */
export const updateDisabled = ({ db }: Store, id: string, now: number) =>
  db
    .update(clients)
    .set({ disabledAt: now })
    .where(and(eq(clients.id, id), isNull(clients.disabledAt)))
    .returning({ id: clients.id })
