import { adminRequired, adminRoute, tokenInvalid } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { payloadTooLarge, unauthorized, validationFailed } from '../../lib/errors.ts'
import { importUsers } from './service.ts'
import { IMPORT_ENCODING, ImportAnswer, ImportBody, ImportQuery, importToWire, parseImport, toMode } from './wire.ts'

export const userImportRoutes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin', renderError })

userImportRoutes.post(
  '/import',
  {
    summary: 'Import users with their password hashes: a chunk of NDJSON or CSV, 1,000 rows at most',
    isWrite: everyCall,
    guard: adminRoute,
    body: ImportBody,
    encoding: IMPORT_ENCODING,
    query: ImportQuery,
    answers: { 200: { description: 'What became of each row', schema: ImportAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed, payloadTooLarge],
  },
  async ({ ctx, body, query }) => {
    const { rows, ignored } = parseImport(body, { format: query.format, maxHashMs: query.max_hash_ms, now: ctx.now() })
    const mode = toMode(query)
    return Response.json(importToWire(await importUsers(ctx, rows, mode), ignored, mode))
  },
)
