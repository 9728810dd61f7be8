import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'
import { openSession } from './session.ts'

export type Db = DrizzleD1Database

export const connect = (database: D1Database): Db => drizzle(openSession(database))

/** For a session that is open already. */
export const onSession = (session: D1Database): Db => drizzle(session)
