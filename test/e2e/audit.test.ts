import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, post, type SignedIn, signInAdmin, signUp } from './support/api.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { type OwnPostern, startOwnPostern } from './support/postern.ts'
import { start } from './support/process.ts'

// biome-ignore lint/suspicious/noExplicitAny: lines have several forms
type Line = any

let postern: OwnPostern
let admin: SignedIn
let place: string
let verifier: string
let lines: Line[]

const runCron = async () => {
  const answer = await fetch(`${postern.origin}/cdn-cgi/handler/scheduled`)
  expect(answer.status).toBe(200)
}

async function exported(): Promise<Line[]> {
  const answer = await post(
    postern.origin,
    '/api/v1/audit-logs/export',
    { format: 'ndjson' },
    bearer(admin.access_token),
  )
  expect(answer.status).toBe(200)
  return (await answer.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function runProgram(command: string, ...args: string[]) {
  const running = start(command, args, { cwd: inject('checkout') })
  const code = await running.ended
  return { code, output: running.output() }
}

/** What both verifiers say of a file with these lines. */
async function verified(given: readonly Line[], ...head: string[]) {
  const file = join(place, `${Math.random()}.ndjson`)
  await writeFile(file, given.map((line) => `${JSON.stringify(line)}\n`).join(''))
  const python = await runProgram('python3', verifier, file, ...head)
  const own = await runProgram(
    process.execPath,
    'scripts/run.mjs',
    'audit-verify',
    file,
    ...head.flatMap((it) => ['--head', it]),
  )
  return { python, own }
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'postern-audit-'))
  const page = await readFile(join(PROJECT_ROOT, 'docs/audit.md'), 'utf8')
  const [, program = ''] = /```python\n([\s\S]*?)```/.exec(page) ?? []
  verifier = join(place, 'verify.py')
  await writeFile(verifier, program)
  postern = await startOwnPostern(inject('checkout'))
  await runCron()
  admin = await signInAdmin(postern.origin)
  for (let round = 0; round < 3; round += 1) {
    await Promise.all([signUp(postern.origin), signUp(postern.origin), signUp(postern.origin)])
    await runCron()
  }
  lines = await exported()
})
afterAll(async () => {
  await postern.stop()
  await rm(place, { recursive: true, force: true })
})

const of = (kind: string, given = lines) => given.filter((line) => line.kind === kind)
/** The lines with one of them changed. */
const changed = (target: Line, change: object | null) =>
  lines.flatMap((line) => (line === target ? (change ? [{ ...line, ...change }] : []) : [line]))

/** The lines with an end that counts them. */
const recounted = (given: readonly Line[]) =>
  given.map((line) =>
    line.kind === 'end'
      ? { ...line, records: of('record', [...given]).length, blocks: of('block', [...given]).length }
      : line,
  )

/** A record in a block that is neither the first nor the last of the file. */
function inside(): Line {
  const numbers = of('block').map(({ number }) => number)
  const record = of('record').find(
    ({ block, data }) => block && block !== numbers[0] && block !== numbers.at(-1) && data,
  )
  if (!record) throw new Error('there is no such record')
  return record
}

describe('an export of the record, without the service', () => {
  it('is verified from the file alone: by the Python of docs/audit.md, and by npm run audit:verify', async () => {
    expect(of('block').length).toBeGreaterThan(2)
    const { python, own } = await verified(lines)
    const uncovered = of('record').filter(({ block }) => !block).length
    expect(uncovered).toBeGreaterThan(0)
    expect(python).toEqual({ code: 0, output: `nothing was changed\n${uncovered} records have no block\n` })
    expect(own.output).toContain('Nothing was changed')
    expect(own.output).toContain(`${uncovered} records without a block`)
    expect(own.code).toBe(0)
    const partial = await verified(lines.map((line) => (line.kind === 'export' ? { ...line, whole: false } : line)))
    for (const { code, output } of [partial.python, partial.own]) {
      expect(code).toBe(0)
      expect(output).toContain('missing records were not looked for')
    }
    expect(python.output + own.output).not.toContain('not looked for')
  })

  it('proves that the chain grew from an older head', async () => {
    const [, { number, hash }] = of('block')
    const { python, own } = await verified(lines, `${number}:${hash}`)
    expect([python.code, own.code]).toEqual([0, 0])
    const other = await verified(lines, `${number}:${'0'.repeat(64)}`)
    expect([other.python.code, other.own.code]).toEqual([1, 1])
    for (const { output } of [other.python, other.own]) expect(output).toContain('not the one whose head you know')
  })

  it.each([
    ['a part', () => changed(inside(), { data: { ...inside().data, text: '{"method":"magic"}' } }), () => inside()],
    ['a leaf', () => changed(inside(), { leaf: inside().leaf.replace(/"time":\d/, '"time":9') }), () => inside()],
  ] as const)('names the record of which %s was changed', async (_, forge, target) => {
    const { id } = JSON.parse(target().leaf)
    const { python, own } = await verified(forge())
    for (const { code, output } of [python, own]) {
      expect(code).toBe(1)
      expect(output).toContain(`record ${id}`)
    }
  })

  it('names the block of which a record was deleted, and a record that was added', async () => {
    const target = inside()
    const gone = await verified(changed(target, null))
    for (const { code, output } of [gone.python, gone.own]) {
      expect(code).toBe(1)
      expect(output).toContain(`block ${target.block}`)
    }
    const id = crypto.randomUUID()
    const forged = { ...target, leaf: target.leaf.replace(JSON.parse(target.leaf).id, id) }
    const more = await verified(lines.flatMap((line) => (line === target ? [line, forged] : [line])))
    for (const { code, output } of [more.python, more.own]) {
      expect(code).toBe(1)
      expect(output).toContain(id)
    }
  })

  it('finds a list, a head, a signature, a key and a block that were changed, and a file that was cut', async () => {
    const [, block] = of('block')
    const [key] = of('key')
    const forgeries = [
      changed(block, { leaves: `AAAA${block.leaves.slice(4)}` }),
      changed(block, { head: block.head.replace(/"count":\d+/, '"count":99') }),
      changed(block, { signature: `AAAA${block.signature.slice(4)}` }),
      changed(block, null),
      changed(key, { pem: key.pem.replace(/.{8}=?\n-----END/, 'AAAAAAAA\n-----END') }),
      lines.slice(0, -1),
    ]
    for (const [index, forged] of forgeries.entries()) {
      const { python, own } = await verified(forged)
      expect([index, python.code, own.code]).toEqual([index, 1, 1])
    }
  })

  it('believes no record without a block that stands where blocks cover all, or explains an erasure', async () => {
    const target = inside()
    const { id, user_id } = JSON.parse(target.leaf)
    const young = of('record').find(({ block, data }) => block === null && data)
    const hidden = { ...JSON.parse(young.leaf), type: 'user.erased', subject: user_id }
    const erasure = { ...young, leaf: JSON.stringify(hidden) }
    const emptied = changed(target, { data: null }).flatMap((line) => (line === young ? [line, erasure] : [line]))
    const forgeries = [
      [changed(target, { block: null }), id],
      [changed(target, { block: 0 }), id],
      [changed(young, { block: 0 }), JSON.parse(young.leaf).id],
      [changed(young, { data: { ...young.data, text: '{"format":"csv"}' } }), JSON.parse(young.leaf).id],
      [recounted(changed(target, { data: null })), id],
      [recounted(emptied), id],
    ] as const
    for (const [index, [forged, named]] of forgeries.entries()) {
      const { python, own } = await verified(forged)
      for (const { code, output } of [python, own])
        expect([index, code, output]).toEqual([index, 1, expect.stringContaining(`record ${named}`)])
    }
  })

  it('takes 16 bytes of salt, a block for each record, the list of a block, and the number of records', async () => {
    const target = inside()
    const { salt, text } = target.data
    const shifted = { salt: salt + text.charCodeAt(0).toString(16), text: text.slice(1) }
    const block = of('block').find(({ number }) => number === target.block)
    const forgeries = [
      changed(target, { data: shifted }),
      recounted(changed(of('block').at(-1), null)),
      changed(block, { leaves: null }),
      changed(of('end')[0], { records: of('record').length + 1 }),
    ]
    for (const [index, forged] of forgeries.entries()) {
      const { python, own } = await verified(forged)
      expect([index, python.code, own.code]).toEqual([index, 1, 1])
    }
  })

  it('is refused with a sentence when it is no such file', async () => {
    const file = join(place, 'other.txt')
    for (const [text, words] of [
      ['hello\n', 'is no JSON'],
      ['{"kind":"other"}\n', 'is none of an export'],
      ['', 'does not begin'],
    ] as const) {
      await writeFile(file, text)
      const { code, output } = await runProgram(process.execPath, 'scripts/run.mjs', 'audit-verify', file)
      expect([code, output]).toEqual([1, expect.stringContaining(words)])
    }
  })
})
