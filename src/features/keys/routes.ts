import { adminRequired, adminRoute, publicRoute, tokenInvalid } from '../../http/guard.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { serviceUnavailable, unauthorized } from '../../lib/errors.ts'
import { listKeyStates, listPublicKeys, rotateKeysNow } from './service.ts'
import {
  Discovery,
  discoveryToWire,
  JwkSet,
  jwkSetToWire,
  RotateAnswer,
  RotateBody,
  rotationToWire,
  SigningKeyList,
  signingKeyToWire,
} from './wire.ts'

export const keysRoutes = createRoutes({ prefix: '', tag: 'keys', renderError })

/** Public documents: any page may read them, and any cache may keep them for as long as a new key waits. */
const openHeaders = (cacheSeconds: number) => ({
  'Cache-Control': `public, max-age=${cacheSeconds}`,
  'Access-Control-Allow-Origin': '*',
})

keysRoutes.get(
  '/.well-known/jwks.json',
  {
    summary: 'The public keys that access tokens are verified with',
    guard: publicRoute,
    unlimited: true,
    answers: { 200: { description: 'A JWK set (RFC 7517)', schema: JwkSet } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) =>
    Response.json(jwkSetToWire(await listPublicKeys(ctx)), { headers: openHeaders(ctx.config.JWKS_CACHE_SECONDS) }),
)

keysRoutes.get(
  ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'],
  {
    summary: 'What this authorization server offers',
    guard: publicRoute,
    unlimited: true,
    answers: { 200: { description: 'Discovery metadata (RFC 8414)', schema: Discovery } },
  },
  ({ ctx }) => Response.json(discoveryToWire(ctx.config), { headers: openHeaders(ctx.config.JWKS_CACHE_SECONDS) }),
)

keysRoutes.get(
  '/api/v1/admin/keys',
  {
    summary: 'The ring of signing keys',
    guard: adminRoute,
    answers: { 200: { description: 'The keys, youngest first', schema: SigningKeyList } },
    errors: [unauthorized, tokenInvalid, adminRequired],
  },
  async ({ ctx }) =>
    Response.json({ keys: (await listKeyStates(ctx)).map(({ key, state }) => signingKeyToWire(key, state)) }),
)

keysRoutes.post(
  '/api/v1/admin/keys/rotate',
  {
    summary: 'Rotate the signing key now, or revoke it',
    guard: adminRoute,
    body: RotateBody,
    answers: { 200: { description: 'The new key', schema: RotateAnswer } },
    errors: [unauthorized, tokenInvalid, adminRequired],
  },
  async ({ ctx, body }) =>
    Response.json(rotationToWire(await rotateKeysNow(ctx, { revokeCurrent: body.revoke_current }))),
)
