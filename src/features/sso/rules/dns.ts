import * as z from 'zod'

/** Where the record of a domain stands. */
export const recordNameOf = (domain: string): string => `_postern-challenge.${domain}`

const TXT = 16
/** NOERROR and NXDOMAIN (RFC 1035 4.1.1): what else a resolver says is no answer. */
const ANSWERED: readonly number[] = [0, 3]

/** The JSON of DNS over HTTPS, as Cloudflare and Google serve it. */
const DnsAnswer = z.object({
  Status: z.int(),
  TC: z.boolean().optional(),
  Answer: z.array(z.object({ name: z.string(), type: z.int(), data: z.string() })).optional(),
})

const nameOf = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** The text of a record: its strings, joined (RFC 7208 3.3). Google has served it without quotes. */
const textOf = (data: string): string => {
  const strings = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text)
  return strings.length > 0 ? strings.join('') : data
}

/**
 * Whether the answer has the record; undefined when it is no answer. Only records of this very name count: behind an alias
 * (CNAME) stands somebody else's zone.
 */
export function hasRecord(answer: unknown, { name, value }: { name: string; value: string }): boolean | undefined {
  const { data } = DnsAnswer.safeParse(answer)
  if (!data || data.TC || !ANSWERED.includes(data.Status)) return undefined
  return (data.Answer ?? []).some(
    (record) => record.type === TXT && nameOf(record.name) === name && textOf(record.data) === value,
  )
}

/** What the resolvers say together. One that does not answer, or says another thing, decides nothing. */
export type RecordReading = 'present' | 'missing' | 'no_answer' | 'disagreement'

export function agree(answers: readonly (boolean | undefined)[]): RecordReading {
  if (answers.length === 0 || answers.includes(undefined)) return 'no_answer'
  if (answers.every((has) => has === true)) return 'present'
  return answers.includes(true) ? 'disagreement' : 'missing'
}
