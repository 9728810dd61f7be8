import { response } from '../../http/answers.ts'
import { anyone, tokenInvalid } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { rateLimited, serviceUnavailable, unauthorized } from '../../lib/errors.ts'
import { conditionFailed, conditionsMalformed } from './errors.ts'
import { checkHeaders, checkToken, renderValidationError } from './gateway.ts'
import { CheckQuery, ValidateAnswer, ValidateBody, ValidateQuery } from './wire.ts'

export const validationRoutes = createRoutes({ prefix: '', tag: 'validation', renderError: renderValidationError })

validationRoutes.get(
  '/validate',
  {
    id: 'validateRequest',
    summary: 'Check a token for a gateway: the answer has the identity in headers and no body',
    guard: anyone,
    readsBearer: true,
    unlimited: true,
    query: CheckQuery,
    answer: response(200, 'The token is valid and every condition holds'),
    errors: [unauthorized, tokenInvalid, conditionFailed, conditionsMalformed, rateLimited, serviceUnavailable],
  },
  ({ ctx, request }) => checkHeaders(ctx, request),
)

validationRoutes.post(
  '/validate',
  {
    id: 'validateToken',
    aliases: [{ path: '/api/v1/auth/validate', id: 'checkToken' }],
    summary: 'Check a token',
    guard: anyone,
    unlimited: true,
    anySite: true,
    invalidIs: 400,
    query: ValidateQuery,
    body: ValidateBody,
    answer: response(200, 'The identity in the token, or why it is not valid', { schema: ValidateAnswer }),
    errors: [rateLimited, serviceUnavailable],
  },
  ({ ctx, body, query }) => checkToken(ctx, body.token, body.consistency ?? query.consistency ?? 'view'),
)
