import type { Row } from './row.ts'
import { COMPAT } from './rows/compat.ts'
import { CORE } from './rows/core.ts'

/** Every route of the service, one row each. Reviewed by hand. */
export const ROWS: Readonly<Record<string, Row>> = { ...CORE, ...COMPAT }
