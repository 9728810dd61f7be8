import type { DrizzleD1Database } from 'drizzle-orm/d1'

export type Db = DrizzleD1Database
