import { writeStartupList } from './support/startup.ts'

/** Names what loads at start, once somebody has looked at it: `npm run check` compares. */
export const main = writeStartupList
