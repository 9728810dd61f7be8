import { ok } from '../../http/answers.ts'
import { admin, adminRequired, tokenInvalid } from '../../http/guard.ts'
import { RangeQuery } from '../../http/list.ts'
import { createRoutes } from '../../http/router.ts'
import { unauthorized, validationFailed } from '../../lib/errors.ts'
import { listDeadLetters } from './service.ts'
import { DeadLetterListAnswer } from './wire.ts'

export const deadLetterRoutes = createRoutes({ prefix: '/api/v1/admin/dead-letters', tag: 'admin' })

deadLetterRoutes.get(
  '',
  {
    id: 'listDeadLetters',
    summary: 'List dead letters: deliveries that their receiver refuses, newest first',
    guard: admin,
    query: RangeQuery,
    answer: ok(DeadLetterListAnswer, 'A page of dead letters, without their content'),
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => ({ ...(await listDeadLetters(ctx, query)), ...query }),
)
