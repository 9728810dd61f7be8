import { version } from '../../package.json'

/** The release that is running. */
export const VERSION: string = version
