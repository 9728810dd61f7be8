import { weakPassword } from '../../features/factors/password/service/strength.ts'
import { checkHealth } from '../../features/health/service.ts'
import { linkInvalid } from '../../features/sign-in/errors.ts'
import { requestPasswordResetOfKnown, resetPassword } from '../../features/sign-in/service/password-reset.ts'
import { getVerification, verifyEmail } from '../../features/sign-in/service/verification.ts'
import { answer, ok, reply, response } from '../../http/answers.ts'
import { Done, DoneAndEnded, doneToWire, endedToWire } from '../../http/done.ts'
import { anyone, recognized } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { conflict, notFound, serviceUnavailable } from '../../lib/errors.ts'
import type { Surface } from '../surface.ts'
import {
  addProfileKeys,
  addRegistrationKeys,
  addTokenKeys,
  Health,
  healthToWire,
  ResetBody,
  ResetRequestBody,
  TokenPath,
  verifiedToWire,
} from './wire.ts'

/** The calls of gateway-auth that the core lacks. Invalid fields are 400. */
const gatewayAuthRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth', invalidIs: 400 })

gatewayAuthRoutes.post(
  '/password-reset',
  {
    id: 'requestGatewayPasswordReset',
    summary: 'Mail a link that sets a new password; 404 for an unknown address',
    guard: anyone,
    body: ResetRequestBody,
    answer: ok(Done, 'The mail is on its way'),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    await requestPasswordResetOfKnown(ctx, body)
    return doneToWire('Password reset instructions sent to your email')
  },
)

gatewayAuthRoutes.post(
  '/password-reset/confirm',
  {
    id: 'resetGatewayPassword',
    summary: "Set a new password with a mailed link's token; every session ends",
    guard: anyone,
    body: ResetBody,
    answer: ok(DoneAndEnded, 'The password is set'),
    errors: [linkInvalid, weakPassword, serviceUnavailable],
  },
  async ({ ctx, body }) => endedToWire('Password reset successfully', await resetPassword(ctx, body)),
)

// Our mails link to a page that asks first (decision 0100), so mail scanners open this path only from other systems' mails.
// HEAD changes nothing (RFC 9110 9.2.1).
gatewayAuthRoutes.get(
  '/verify-email/:token',
  {
    id: 'verifyGatewayEmail',
    summary: "Verify an address with a mailed link's token",
    guard: recognized,
    params: TokenPath,
    answer: response(200, 'The address is verified', { schema: DoneAndEnded }),
    errors: [linkInvalid, conflict, serviceUnavailable],
  },
  async ({ ctx, params, request }) => {
    if (request.method === 'HEAD') {
      await getVerification(ctx, params)
      return new Response()
    }
    return Response.json(verifiedToWire('Email verified successfully', await verifyEmail(ctx, params)))
  },
)

gatewayAuthRoutes.get(
  '/health',
  {
    id: 'getGatewayHealth',
    summary: 'Whether the authentication service works',
    guard: anyone,
    answer: [ok(Health, 'Every store answers'), answer(503, Health, 'A store does not answer')],
    unlimited: true,
  },
  async ({ ctx }) => {
    const health = healthToWire(await checkHealth(ctx))
    return reply(health.success ? 200 : 503, health)
  },
)

/** README.md maps the calls to use cases, and lists what is safer here. */
export const gatewayAuth: Surface = {
  routes: [gatewayAuthRoutes],
  adds: {
    'POST /api/v1/auth/register': addRegistrationKeys,
    'POST /api/v1/auth/login': addTokenKeys,
    'POST /api/v1/auth/refresh': addTokenKeys,
    'GET /api/v1/auth/profile': addProfileKeys,
  },
  documents: [
    'POST /api/v1/auth/register',
    'POST /api/v1/auth/login',
    'POST /api/v1/auth/refresh',
    'POST /api/v1/auth/validate',
    'POST /validate',
    'POST /api/v1/auth/logout',
    'PUT /api/v1/auth/change-password',
    'GET /api/v1/auth/profile',
  ],
}
