import { adminRequired, adminRoute, tokenInvalid } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { serviceUnavailable, unauthorized, validationFailed } from '../../lib/errors.ts'
import { deadLetterNotFound, deadLetterOutdated } from './errors.ts'
import { listDeadLetters, requeueDeadLetter } from './service.ts'
import { DeadLetterListAnswer, DeadLetterPath, deadLetterToWire, ListDeadLettersQuery, RequeueAnswer } from './wire.ts'

export const deadLetterRoutes = createRoutes({ prefix: '/api/v1/admin/dead-letters', tag: 'admin', renderError })

deadLetterRoutes.get(
  '',
  {
    summary: 'What objects have set aside because its receiver refuses it, newest first',
    guard: adminRoute,
    query: ListDeadLettersQuery,
    answers: { 200: { description: 'A page of dead letters, without their content', schema: DeadLetterListAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, validationFailed],
  },
  async ({ ctx, query }) => {
    const { letters, total } = await listDeadLetters(ctx, query)
    return Response.json({ dead_letters: letters.map(deadLetterToWire), total, ...query })
  },
)

deadLetterRoutes.post(
  '/:id/requeue',
  {
    summary: 'Hand a dead letter to its receiver once more',
    isWrite: everyCall,
    guard: adminRoute,
    path: DeadLetterPath,
    answers: { 200: { description: 'Whether it was taken at once; if not it waits', schema: RequeueAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired, deadLetterNotFound, deadLetterOutdated, serviceUnavailable],
  },
  async ({ ctx, path }) => Response.json({ id: path.id, ...(await requeueDeadLetter(ctx, path.id)) }),
)
