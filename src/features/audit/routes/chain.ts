import { ok, response } from '../../../http/answers.ts'
import { admin, anyone, scopedUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { cursorInvalid, notFound, rateLimited } from '../../../lib/errors.ts'
import { organizationRequired } from '../../memberships/service.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { startExport } from '../service/export.ts'
import { listAuditKeys } from '../service/keys.ts'
import { getCheckpoint, listHeads, proveRecord } from '../service/proof.ts'
import { verifyRecord } from '../service/verify.ts'
import {
  HeadListAnswer,
  HeadShape,
  HeadsQuery,
  KeyListAnswer,
  ProofShape,
  ReaderQuery,
  VerifiedShape,
  VerifyBody,
} from '../wire/chain.ts'
import { answerExport, ExportBody, toExport } from '../wire/export.ts'
import { RecordPath } from '../wire/records.ts'

/** docs/audit.md describes what stands in these answers. */
export const auditChainRoutes = createRoutes({
  prefix: '/api/v1/audit-logs',
  alsoAt: { prefix: '/api/audit-logs', mark: 'Unversioned' },
  tag: 'audit',
  guard: scopedUser,
})

auditChainRoutes.get(
  '/checkpoint',
  {
    id: 'getAuditCheckpoint',
    summary: 'The newest signed head of the record: keep it, and nobody can rewrite what was before it',
    query: ReaderQuery,
    answer: ok(HeadShape, 'The head'),
    errors: [notFound, organizationRequired],
  },
  ({ ctx, query }) => getCheckpoint(ctx, query.organization_id),
)

auditChainRoutes.get(
  '/blocks',
  {
    id: 'listAuditHeads',
    summary: 'The signed heads since a number, oldest first: they prove that the record was only added to',
    query: HeadsQuery,
    answer: ok(HeadListAnswer, 'Heads, without the lists of their blocks'),
    errors: [organizationRequired],
  },
  ({ ctx, query }) => listHeads(ctx, query.organization_id, query),
)

auditChainRoutes.get(
  '/keys',
  {
    id: 'listAuditKeys',
    summary: 'The public keys that sign heads, newest first',
    guard: anyone,
    answer: ok(KeyListAnswer, 'Every key that ever signed one'),
  },
  ({ ctx }) => listAuditKeys(ctx),
)

auditChainRoutes.post(
  '/verify',
  {
    id: 'verifyAuditLogs',
    summary: 'Recompute the chain from a block on, and name what was changed, removed or added',
    description: 'One call takes 500 blocks or about 10,000 records.',
    guard: admin,
    body: VerifyBody,
    answer: ok(VerifiedShape, 'What was found'),
  },
  ({ ctx, body }) => verifyRecord(ctx, { from: body.from ?? 0 }),
)

auditChainRoutes.post(
  '/export',
  {
    id: 'exportAuditLogs',
    summary: 'Export what the caller sees of the record, newest first: 100,000 entries at most',
    description:
      'JSON, CSV, or NDJSON with what proves the record without this service (docs/audit.md). `X-Next-Cursor` goes on where an export stopped. A file that ends with an aborted connection is not whole: JSON ends with a `count`, NDJSON with a line that counts. 30 an hour.',
    isWrite: everyCall,
    body: ExportBody,
    answer: response(200, 'The file', { contentType: 'application/x-ndjson' }),
    errors: [cursorInvalid, rateLimited, ...freshFactorErrors],
  },
  async ({ ctx, body }) => {
    const input = toExport(body)
    return answerExport(ctx, input.format, await startExport(ctx, input))
  },
)

auditChainRoutes.get(
  '/:log_id/proof',
  {
    id: 'getAuditProof',
    summary: 'What proves that an entry is in the record, with the signed block that covers it',
    params: RecordPath,
    answer: ok(ProofShape, 'The proof, as far as the caller sees the entry'),
    errors: [notFound],
  },
  ({ ctx, params: { log_id: id } }) => proveRecord(ctx, id),
)
