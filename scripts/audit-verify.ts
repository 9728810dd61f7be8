import { existsSync } from 'node:fs'
import type { Arguments, Command } from './support/arguments.ts'
import { verifyFile } from './support/audit-file.ts'
import { Refusal } from './support/refusal.ts'

export const command = {
  call: 'npm run audit:verify',
  about:
    'Verifies an NDJSON export of the record without the service: its signatures, its chain, each record and each part.',
  operands: [{ name: 'FILE', about: 'the export' }],
  options: {
    head: { value: 'NUMBER:HASH', about: 'a head that was kept: the chain must still have it' },
  },
} as const satisfies Command

function knownHead(text: string | undefined) {
  if (text === undefined) return undefined
  const [, number, hash] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? []
  if (!number || !hash) throw new Refusal('--head takes the number and the hash of a head: --head 12:0123…')
  return { number: Number(number), hash }
}

export async function main({ values, operands }: Arguments<typeof command>): Promise<void> {
  const [file = ''] = operands
  if (!existsSync(file)) throw new Refusal(`${file} is no file`)
  const { findings, records, blocks, uncovered, isWhole, restored, kids } = await verifyFile(
    file,
    knownHead(values.head),
  )
  for (const text of [...restored, ...findings]) console.log(text)
  console.log(
    `${records} records, ${blocks} blocks, ${uncovered} records without a block. Signed by: ${kids.join(', ') || 'nobody'}`,
  )
  if (!isWhole) console.log('The file is of a part of the record: missing records were not looked for')
  if (findings.length > 0) throw new Refusal(`${findings.length} findings: this is not the record as it was signed`)
  console.log('Nothing was changed. Compare the key with the one that you know: GET /api/v1/audit-logs/keys')
}
