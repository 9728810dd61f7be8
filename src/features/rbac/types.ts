/** The scope of what is not an organization's. */
export const PLATFORM = 'platform'
