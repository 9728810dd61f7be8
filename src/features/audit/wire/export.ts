import * as z from 'zod'
import type { ActorCtx } from '../../../context.ts'
import { csvOf, streamOf } from '../../../http/files.ts'
import { UuidParam } from '../../../http/input.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { StepUpBody, toStepUp } from '../../sign-in/wire/session.ts'
import { typesOfAction } from '../rules/actions.ts'
import { FORMAT } from '../rules/chain.ts'
import { pemOf } from '../rules/signing.ts'
import { type Export, FORMATS, type Format, proveRows, readBlocks } from '../service/export.ts'
import { listAuditKeys } from '../service/keys.ts'
import type { SeenRow } from '../types.ts'
import { headToWire } from './chain.ts'
import { detailsOf, inAll, instant, recordToExport, typesAbout } from './records.ts'

const names = z.array(z.string().max(100)).max(50)

export const ExportBody = z
  .object({
    format: z.enum(FORMATS).nullish(),
    start_date: instant(0).nullish(),
    end_date: instant(DAY - 1).nullish(),
    actions: names.nullish(),
    user_ids: z.array(UuidParam).max(50).nullish(),
    resource_types: names.nullish(),
    organization_id: UuidParam.nullish(),
    cursor: z.string().max(300).nullish().meta({ description: 'X-Next-Cursor of the export before' }),
    ...StepUpBody.shape,
  })
  .meta({ id: 'AuditExport' })

type Asked = z.output<typeof ExportBody>

export function toExport({ format, cursor, organization_id, password, code, credential, ...filters }: Asked) {
  const { start_date, end_date, actions, user_ids, resource_types } = filters
  return {
    format: format ?? 'json',
    organizationId: organization_id ?? null,
    cursor: cursor ?? undefined,
    given: toStepUp({ password, code, credential }),
    asked: Object.fromEntries(Object.entries(filters).filter(([, value]) => value != null)),
    filter: {
      userIds: user_ids ?? undefined,
      organizationId: organization_id ?? undefined,
      types: inAll(actions?.flatMap(typesOfAction), resource_types ? typesAbout(resource_types) : undefined),
      since: start_date ?? undefined,
      until: end_date ?? undefined,
    },
  }
}

const COLUMNS = [
  'ID',
  'Timestamp',
  'Action',
  'User ID',
  'User Email',
  'Resource Type',
  'Resource ID',
  'IP Address',
  'User Agent',
  'Details',
]

async function* toCsv({ pages }: Export): AsyncGenerator<string> {
  yield await csvOf([COLUMNS])
  for await (const page of pages) {
    const rows = page.map((seen) => {
      const log = recordToExport(seen)
      return [
        log.id,
        log.timestamp,
        log.action,
        log.user_id,
        log.user_email,
        log.resource_type,
        log.resource_id,
        log.ip_address,
        log.user_agent,
        detailsOf(seen),
      ]
    })
    yield await csvOf(rows)
  }
}

/** Details are written as they are stored. */
const toText = (seen: SeenRow): string =>
  `${JSON.stringify(recordToExport(seen)).slice(0, -1)},"details":${detailsOf(seen)}}`

async function* toJson({ pages }: Export): AsyncGenerator<string> {
  let count = 0
  yield '{"logs":['
  for await (const page of pages) {
    const logs = page.map(toText).join(',\n')
    yield count === 0 ? logs : `,\n${logs}`
    count += page.length
  }
  yield `],"count":${count}}`
}

const line = (value: object): string => `${JSON.stringify(value)}\n`

/** The records, their blocks and the keys, as docs/audit.md describes them. The last line counts: without it the file was cut. */
async function* toNdjson(
  ctx: ActorCtx,
  { pages, view, isWhole, startedAt, isContinued, cursor }: Export,
): AsyncGenerator<string> {
  const numbers = new Set<number>()
  let [records, blocks] = [0, 0]
  const range = { whole: isWhole, continued: isContinued, cursor }
  yield line({ kind: 'export', format: FORMAT, time: toIso(startedAt), scope: view, ...range })
  for await (const page of pages) {
    const proven = await proveRows(ctx, page)
    yield page.map(({ row }, index) => line({ kind: 'record', block: row.block, ...textsOf(proven[index]) })).join('')
    for (const { row } of page) if (row.block !== null) numbers.add(row.block)
    records += page.length
  }
  for await (const some of readBlocks(ctx, [...numbers], { isWhole })) {
    yield some.map((block) => line({ kind: 'block', ...headToWire(block), leaves: block.leaves })).join('')
    blocks += some.length
  }
  for (const key of await listAuditKeys(ctx)) yield line({ kind: 'key', kid: key.kid, pem: pemOf(key) })
  yield line({ kind: 'end', records, blocks })
}

const textsOf = (proven: Awaited<ReturnType<typeof proveRows>>[number] | undefined) =>
  proven && { leaf: proven.leaf, data: proven.data, origin: proven.origin }

const TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  ndjson: 'application/x-ndjson',
}

/** `20260102_030405` in UTC. */
const stampOf = (time: number): string => toIso(time).slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '_')

export function answerExport(ctx: ActorCtx, format: Format, started: Export): Response {
  const texts = { json: toJson, csv: toCsv, ndjson: (one: Export) => toNdjson(ctx, one) }[format](started)
  const name = `audit_logs_${stampOf(started.startedAt)}.${format}`
  return new Response(streamOf(ctx, texts), {
    headers: {
      'Content-Type': TYPES[format],
      'Content-Disposition': `attachment; filename=${name}`,
      ...(started.cursor !== null && { 'X-Next-Cursor': started.cursor }),
    },
  })
}
