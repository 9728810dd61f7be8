const ISO_DATE =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(\d\d))(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d))?$/

/**
 * Epoch milliseconds of `2026-01-31T08:00:00+02:00`, or of `2026-01-31`, which begins in UTC; undefined for anything else. A time
 * without an offset is another moment to each reader, and so is a number: IAM counts seconds, JavaScript milliseconds.
 */
export function parseDate(text: string): number | undefined {
  const [, date = '', day] = ISO_DATE.exec(text) ?? []
  // The runtime takes 30 February for 2 March.
  return new Date(date).getUTCDate() === Number(day) ? Date.parse(text) : undefined
}
