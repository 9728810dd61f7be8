import { ok } from '../../http/answers.ts'
import { admin, adminRequired, tokenInvalid } from '../../http/guard.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { payloadTooLarge, unauthorized, validationFailed } from '../../lib/errors.ts'
import { importUsers } from './service.ts'
import {
  IMPORT_ENCODING,
  ImportAnswer,
  ImportBody,
  ImportQuery,
  importToWire,
  parseImport,
  toMode,
} from './wire/import.ts'

export const userImportRoutes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin' })

userImportRoutes.post(
  '/import',
  {
    id: 'importUsers',
    summary: 'Import users with their password hashes: a chunk of NDJSON or CSV, 1,000 rows at most',
    isWrite: everyCall,
    guard: admin,
    body: ImportBody,
    encoding: IMPORT_ENCODING,
    query: ImportQuery,
    answer: ok(ImportAnswer, 'The outcome of each row'),
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed, payloadTooLarge],
  },
  async ({ ctx, body, query }) => {
    const { rows, ignored } = parseImport(body, { format: query.format, maxHashMs: query.max_hash_ms, now: ctx.now() })
    const mode = toMode(query)
    return importToWire(await importUsers(ctx, rows, mode), ignored, mode)
  },
)
