import type { Surface } from '../surface.ts'

/** Its calls, the use cases behind them and what is safer here: README.md beside this file. */
export const janux: Surface = { routes: [], documents: [] }
