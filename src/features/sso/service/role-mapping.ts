/** The list of group and role of an organization, which the configuration of a directory may write too. */
export { replaceMapping, selectMapping } from '../store/connections.ts'
