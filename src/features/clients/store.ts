import { and, desc, eq, isNull } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { type ClientRow, clients } from './tables.ts'

type Store = Pick<Ctx, 'db'>

export const findClientRow = ({ db }: Store, id: string): Promise<ClientRow | undefined> =>
  db.select().from(clients).where(eq(clients.id, id)).get()

/** Every client of the deployment, newest first. */
export const listClientRows = ({ db }: Store, { limit, offset }: { limit: number; offset: number }) =>
  db.select().from(clients).orderBy(desc(clients.createdAt), clients.id).limit(limit).offset(offset).all()

export const insertClient = ({ db }: Store, row: ClientRow) =>
  db.insert(clients).values(row).returning({ id: clients.id })

/** Changes nothing when the client is unknown or disabled already. */
export const updateDisabled = ({ db }: Store, id: string, now: number) =>
  db
    .update(clients)
    .set({ disabledAt: now })
    .where(and(eq(clients.id, id), isNull(clients.disabledAt)))
    .returning({ id: clients.id })
