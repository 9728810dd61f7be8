import { ok } from '../../http/answers.ts'
import { admin, adminRequired, tokenInvalid } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { unauthorized, validationFailed } from '../../lib/errors.ts'
import { listDeadLetters } from './service/dead-letters.ts'
import { DeadLetterListAnswer, deadLetterToWire, ListDeadLettersQuery } from './wire.ts'

export const deadLetterRoutes = createRoutes({ prefix: '/api/v1/admin/dead-letters', tag: 'admin' })

deadLetterRoutes.get(
  '',
  {
    id: 'listDeadLetters',
    summary: 'What objects have set aside because its receiver refuses it, newest first',
    guard: admin,
    query: ListDeadLettersQuery,
    answer: ok(DeadLetterListAnswer, 'A page of dead letters, without their content'),
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => {
    const { letters, total } = await listDeadLetters(ctx, query)
    return { dead_letters: letters.map(deadLetterToWire), total, ...query }
  },
)
