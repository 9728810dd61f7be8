/** A record of the file as one line of JSON, or why it is none. Rows count from 1; a header line is none. */
export type SourceRow =
  | { readonly row: number; readonly line: string }
  | { readonly row: number; readonly reason: string; readonly line?: string }

/** More than the service takes of any one user. */
export const MAX_LINE_BYTES = 256 * 1024
