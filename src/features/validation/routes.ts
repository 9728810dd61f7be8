import { checkAnswer } from '../../http/answer-headers.ts'
import { response } from '../../http/answers.ts'
import { anyone, tokenInvalid } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { searchOf } from '../../http/url.ts'
import { rateLimited, serviceUnavailable, unauthorized } from '../../lib/errors.ts'
import { conditionFailed, conditionsMalformed } from './errors.ts'
import { checkRequest, EXACT_VARY, renderValidationError } from './gateway.ts'
import { countCheck } from './limit.ts'
import { readQueryConditions } from './rules/conditions.ts'
import { checkAccessToken } from './service.ts'
import { CheckQuery, checkToWire, ValidateAnswer, ValidateBody, ValidateQuery } from './wire.ts'

export const validationRoutes = createRoutes({ prefix: '', tag: 'validation', renderError: renderValidationError })

validationRoutes.get(
  '/validate',
  {
    id: 'checkRequest',
    summary: 'Check a token for a gateway: the answer has the identity in headers and no body',
    guard: anyone,
    readsBearer: true,
    unlimited: true,
    query: CheckQuery,
    answer: response(200, 'The token is valid and every condition holds'),
    errors: [unauthorized, tokenInvalid, conditionFailed, conditionsMalformed, rateLimited, serviceUnavailable],
  },
  ({ ctx, request }) => checkRequest(ctx, request, readQueryConditions(searchOf(request.url)), EXACT_VARY),
)

validationRoutes.post(
  '/validate',
  {
    id: 'checkAccessToken',
    aliases: [{ path: '/api/v1/auth/validate', id: 'checkAccessTokenAlias' }],
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
  async ({ ctx, body, query }) => {
    const consistency = body.consistency ?? query.consistency ?? 'view'
    const check = await checkAccessToken(ctx, body.token, { consistency })
    if (check.valid) countCheck(ctx, check.claims)
    const headers = {
      'Content-Type': 'application/json',
      Vary: EXACT_VARY,
      'X-Auth-Freshness': String(check.freshness),
    }
    return checkAnswer(ctx, JSON.stringify(checkToWire(check)), headers)
  },
)
