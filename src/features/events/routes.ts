import { ok } from '../../http/answers.ts'
import { admin, adminRequired, tokenInvalid } from '../../http/guard.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { serviceUnavailable, unauthorized, validationFailed } from '../../lib/errors.ts'
import { deadLetterNotFound, deadLetterOutdated } from './errors.ts'
import { listDeadLetters, requeueDeadLetter } from './service/dead-letters.ts'
import { DeadLetterListAnswer, DeadLetterPath, deadLetterToWire, ListDeadLettersQuery, RequeueAnswer } from './wire.ts'

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

deadLetterRoutes.post(
  '/:id/requeue',
  {
    id: 'requeueDeadLetter',
    summary: 'Hand a dead letter to its receiver once more',
    isWrite: everyCall,
    guard: admin,
    params: DeadLetterPath,
    answer: ok(RequeueAnswer, 'Whether it was taken at once; if not it waits'),
    errors: [unauthorized, tokenInvalid, adminRequired, deadLetterNotFound, deadLetterOutdated, serviceUnavailable],
  },
  async ({ ctx, params }) => ({ id: params.id, ...(await requeueDeadLetter(ctx, params.id)) }),
)
