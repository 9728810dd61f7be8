import * as z from 'zod'
import type { ActorCtx } from '../../../context.ts'
import { PARTS, type Piece, type Section } from '../../../db/user-data.ts'
import { instant, mapped, type Wire } from '../../../http/answers.ts'
import { csvOf, streamOf } from '../../../http/files.ts'
import { toIso } from '../../../lib/time.ts'
import type { DataExport, Download } from '../service/exports.ts'
import { EXPORT_FORMATS, type SeenRequest } from '../types.ts'

const AT = '/api/v1/compliance/privacy/data-export'

export const DownloadQuery = z
  .object({ part: z.enum(PARTS).optional(), format: z.enum(EXPORT_FORMATS).optional() })
  .refine(({ part, format }) => format !== 'csv' || part !== undefined, {
    path: ['part'],
    message: 'is required for CSV',
  })

/** Ready at once: what documented clients wait for has come. */
const StartedWire = z
  .object({
    id: z.uuid(),
    request_id: z.uuid(),
    status: z.literal('completed'),
    format: z.enum(EXPORT_FORMATS),
    estimated_completion_time: instant.schema,
    estimatedCompletionTime: instant.schema,
    expires_at: instant.schema,
    manifest_url: z.string(),
    download_url: z.string(),
  })
  .meta({ id: 'StartedDataExport' })

export const StartedExportShape = mapped(StartedWire, (row: SeenRequest): Wire<typeof StartedWire> => {
  const ready = toIso(row.receivedAt)
  return {
    id: row.id,
    request_id: row.id,
    status: 'completed',
    format: row.format ?? 'json',
    estimated_completion_time: ready,
    estimatedCompletionTime: ready,
    expires_at: toIso(row.availableUntil ?? row.receivedAt),
    manifest_url: `${AT}/${row.id}`,
    download_url: `${AT}/${row.id}/download`,
  }
})

const ManifestWire = z
  .object({
    id: z.uuid(),
    request_id: z.uuid(),
    status: z.literal('completed'),
    created_at: instant.schema,
    expires_at: instant.schema,
    download_url: z.string(),
    parts: z.array(z.object({ name: z.enum(PARTS), sections: z.array(z.string()), download_url: z.string() })),
  })
  .meta({ id: 'DataExport' })

export const ManifestShape = mapped(ManifestWire, ({ request, sections }: DataExport): Wire<typeof ManifestWire> => {
  const download = `${AT}/${request.id}/download`
  const parts = PARTS.map((name) => ({
    name,
    sections: sections.filter(({ part }) => part === name).map((section) => section.name),
    download_url: `${download}?part=${name}`,
  }))
  return {
    id: request.id,
    request_id: request.id,
    status: 'completed',
    created_at: toIso(request.receivedAt),
    expires_at: toIso(request.availableUntil ?? request.receivedAt),
    download_url: download,
    parts,
  }
})

/** Streamed, so that nothing checks it but the tests. */
export const DataDocument = z
  .object({
    export: z.object({ id: z.uuid(), user_id: z.uuid(), created_at: instant.schema }),
    parts: z.record(z.string(), z.record(z.string(), z.array(z.record(z.string(), z.unknown())))),
    counts: z.record(z.string(), z.int()).meta({ description: 'How many pieces each section has' }),
    complete: z.literal(true),
  })
  .meta({ id: 'DataExportDocument' })

export const DataOfRequest = z
  .object({ success: z.literal(true), message: z.string(), data: DataDocument })
  .meta({ id: 'DataOfRequest' })

/** `{export, parts: {<part>: {<section>: [...]}}, counts, complete}`: a cut file does not parse. */
export async function* toJson({ request, sections, read }: Download): AsyncGenerator<string> {
  const counts: Record<string, number> = {}
  const about = { id: request.id, user_id: request.userId, created_at: toIso(request.receivedAt) }
  yield `{"export":${JSON.stringify(about)},"parts":{`
  const parts = [...Map.groupBy(sections, ({ part }) => part)]
  for (const [place, [part, own]] of parts.entries()) {
    yield `${place === 0 ? '' : ','}\n${JSON.stringify(part)}:{`
    for (const [index, section] of own.entries()) {
      let count = 0
      yield `${index === 0 ? '' : ','}\n${JSON.stringify(section.name)}:[`
      for await (const page of read(section)) {
        if (page.length === 0) continue
        yield (count === 0 ? '' : ',\n') + page.map((piece) => JSON.stringify(piece)).join(',\n')
        count += page.length
      }
      yield ']'
      counts[section.name] = count
    }
    yield '}'
  }
  yield `},"counts":${JSON.stringify(counts)},"complete":true}`
}

const cellOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** One table for all sections of a part: its columns are those of all of them. */
async function* toCsv({ sections, read }: Download): AsyncGenerator<string> {
  const fields = [...new Set(sections.flatMap((section) => section.fields))]
  const line = (section: Section, piece: Piece) => [section.name, ...fields.map((field) => cellOf(piece[field]))]
  yield await csvOf([['section', ...fields]])
  for (const section of sections)
    for await (const page of read(section))
      if (page.length > 0) yield await csvOf(page.map((piece) => line(section, piece)))
}

const TYPES = { json: 'application/json', csv: 'text/csv; charset=utf-8' } as const

export function answerDownload(ctx: ActorCtx, download: Download): Response {
  const { format, part, request } = download
  const name = `data_${request.id}${part === null ? '' : `_${part}`}.${format}`
  const texts = { json: toJson, csv: toCsv }[format](download)
  return new Response(streamOf(ctx, texts), {
    headers: { 'Content-Type': TYPES[format], 'Content-Disposition': `attachment; filename=${name}` },
  })
}

/** The document as the answer of documented clients has it: under `data`. */
export function answerData(ctx: ActorCtx, download: Download): Response {
  async function* texts(): AsyncGenerator<string> {
    yield '{"success":true,"message":"Your data","data":'
    yield* toJson(download)
    yield '}'
  }
  return new Response(streamOf(ctx, texts()), { headers: { 'Content-Type': TYPES.json } })
}
