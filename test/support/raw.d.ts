interface ImportMeta {
  /** The text of each file, by its path. */
  glob(pattern: string, options: { query: '?raw'; import: 'default'; eager: true }): Record<string, string>
  /** The exports of each module, by its path. */
  glob(pattern: string, options: { eager: true }): Record<string, Record<string, unknown>>
}
