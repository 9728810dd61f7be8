import * as z from 'zod'
import { instant, instantOrNull, mapped, type Shape, type Wire } from '../../../http/answers.ts'
import { UuidParam } from '../../../http/input.ts'
import { RangeQuery } from '../../../http/list.ts'
import { toIso } from '../../../lib/time.ts'
import { StepUpBody, toStepUp } from '../../sign-in/wire/session.ts'
import { isProse } from '../../users/service/users.ts'
import type { NewRequest } from '../service/requests.ts'
import { EXPORT_FORMATS, REQUEST_STATUSES, REQUEST_TYPES, type RequestType, type SeenRequest } from '../types.ts'

/** Answers of this area: the fields of `data` stand beside it, too. */
export function complied<V, S extends z.ZodObject>(id: string, message: string, data: Shape<V, S>) {
  const schema = z
    .object({ ...data.schema.shape, success: z.literal(true), message: z.string(), data: data.schema })
    .meta({ id })
  return mapped(schema, (value: V) => {
    const fields = data.write(value) as Record<string, unknown>
    return { ...fields, success: true, message, data: fields } as never
  })
}

const text = z.string().trim().max(2000).refine(isProse, 'must be text')
const short = (most: number) => z.string().max(most).refine(isProse, 'must be text')
const names = z.array(short(100)).max(50)

/** The dashboard of Janua says `deletion`. */
const TypeField = z
  .enum([...REQUEST_TYPES, 'deletion'])
  .transform((type): RequestType => (type === 'deletion' ? 'erasure' : type))

export const NewRequestBody = z
  .object({
    request_type: TypeField.nullish(),
    type: TypeField.nullish(),
    description: text.nullish(),
    reason: text.nullish(),
    data_categories: names.nullish(),
    specific_fields: names.nullish(),
    date_range_start: short(40).nullish(),
    date_range_end: short(40).nullish(),
    format: z.enum(EXPORT_FORMATS).nullish(),
    ...StepUpBody.shape,
  })
  .refine(({ request_type, type }) => (request_type ?? type) != null, {
    path: ['request_type'],
    message: 'is required',
  })
  .meta({ id: 'NewDataRequest' })

export function toNewRequest(body: z.output<typeof NewRequestBody>): NewRequest {
  const { request_type, type, description, reason, format, password, code, credential, ...askedFor } = body
  return {
    type: request_type ?? type ?? 'access',
    description: (description || reason) ?? null,
    askedFor: Object.fromEntries(Object.entries(askedFor).filter(([, value]) => value != null)),
    format: format ?? 'json',
    given: toStepUp({ password, code, credential }),
  }
}

export const NewExportBody = z
  .object({ format: z.enum(EXPORT_FORMATS).nullish(), ...StepUpBody.shape })
  .meta({ id: 'NewDataExport' })

export const toNewExport = ({ format, ...given }: z.output<typeof NewExportBody>): NewRequest => ({
  type: 'portability',
  description: null,
  askedFor: {},
  format: format ?? 'json',
  given: toStepUp(given),
})

export const DeletionBody = z.object({ reason: text.nullish(), ...StepUpBody.shape }).meta({ id: 'DataDeletion' })

export const toDeletion = ({ reason, ...given }: z.output<typeof DeletionBody>): NewRequest => ({
  type: 'erasure',
  description: reason ?? null,
  askedFor: {},
  format: 'json',
  given: toStepUp(given),
})

export const RequestsQuery = RangeQuery.extend({
  status: z.enum(REQUEST_STATUSES).optional(),
  request_type: TypeField.optional(),
})

export const RequestPath = z.object({ id: UuidParam })

const ChangeFields = z.object({
  status: z.enum(['in_progress', 'completed', 'rejected']).nullish(),
  answer: text.min(1).nullish().meta({ description: 'What the person reads; needed to reject' }),
  extension_reason: text.min(1).nullish().meta({ description: 'Extends the request by 60 days; the person reads it' }),
})
export const RequestChangeBody = ChangeFields.refine((body) => body.status != null || body.extension_reason != null, {
  path: ['status'],
  message: 'is required',
})
  .refine(({ status, answer }) => status !== 'rejected' || answer != null, { path: ['answer'], message: 'is required' })
  .refine(({ status, extension_reason }) => status == null || extension_reason == null, {
    path: ['extension_reason'],
    message: 'needs a call of its own',
  })
  .meta({ id: 'DataRequestChange' })

export const toRequestChange = ({ status, answer, extension_reason }: z.output<typeof ChangeFields>) => ({
  status: status ?? undefined,
  answer: answer ?? null,
  extensionReason: extension_reason ?? undefined,
})

const LEGAL_OBLIGATION = 'A legal obligation holds the erasure (GDPR 17(3)). The account is closed meanwhile'

const RequestWire = z
  .object({
    id: z.uuid(),
    request_id: z.uuid(),
    type: z.string(),
    request_type: z.enum(REQUEST_TYPES),
    status: z.enum(REQUEST_STATUSES),
    user_id: z.uuid(),
    user_email: z.string().nullable(),
    description: z.string().nullable(),
    asked_for: z.record(z.string(), z.unknown()),
    received_at: instant.schema,
    created_at: instant.schema,
    response_due_date: instant.schema,
    extended_at: instantOrNull.schema,
    extension_reason: z.string().nullable(),
    answer: z.string().nullable(),
    completed_at: instantOrNull.schema,
    scheduled_for: instantOrNull.schema.meta({ description: 'Of an erasure: when the grace period ends' }),
    hold: z.string().nullable().meta({ description: 'Why an erasure waits' }),
    format: z.enum(EXPORT_FORMATS).nullable(),
    expires_at: instantOrNull.schema.meta({ description: 'Until when an export may be downloaded' }),
  })
  .meta({ id: 'DataRequest' })

const isoOrNull = instantOrNull.write

function requestToWire(row: SeenRequest): Wire<typeof RequestWire> {
  const isErasure = row.type === 'erasure'
  return {
    id: row.id,
    request_id: row.id,
    type: isErasure ? 'deletion' : row.type,
    request_type: row.type,
    status: row.status,
    user_id: row.userId,
    user_email: row.userEmail,
    description: row.description,
    asked_for: row.askedFor,
    received_at: toIso(row.receivedAt),
    created_at: toIso(row.receivedAt),
    response_due_date: toIso(row.dueAt),
    extended_at: isoOrNull(row.extendedAt),
    extension_reason: row.extensionReason,
    answer: row.answer,
    completed_at: isoOrNull(row.completedAt),
    scheduled_for: isoOrNull(isErasure ? row.eraseAt : null),
    hold: row.isHeld ? LEGAL_OBLIGATION : null,
    format: row.format,
    expires_at: isoOrNull(row.availableUntil),
  }
}

export const RequestShape = mapped(RequestWire, requestToWire)
