import type { Ctx } from '../../context.ts'
import { ok, withHeaders } from '../../http/answers.ts'
import { admin, adminRequired, anyone, tokenInvalid } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { serviceUnavailable, unauthorized } from '../../lib/errors.ts'
import { listKeyStates, listPublicKeys, rotateKeysNow } from './service/tokens.ts'
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

export const keysRoutes = createRoutes({ prefix: '', tag: 'keys' })

/** Public documents: any origin may read them, and caches may keep them for as long as a new key is published before it signs. */
const openHeaders = (cacheSeconds: number) => ({
  'Cache-Control': `public, max-age=${cacheSeconds}`,
  'Access-Control-Allow-Origin': '*',
})

keysRoutes.get(
  '/.well-known/jwks.json',
  {
    id: 'listPublicKeys',
    summary: 'The public keys that verify access tokens',
    guard: anyone,
    unlimited: true,
    answer: ok(JwkSet, 'A JWK set (RFC 7517)'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => withHeaders(jwkSetToWire(await listPublicKeys(ctx)), openHeaders(ctx.config.JWKS_CACHE_SECONDS)),
)

const metadataSpec = {
  summary: 'Metadata of this authorization server',
  guard: anyone,
  unlimited: true,
  answer: ok(Discovery, 'Discovery metadata (RFC 8414)'),
} as const

const answerMetadata = ({ ctx }: { readonly ctx: Ctx }) =>
  withHeaders(discoveryToWire(ctx.config), openHeaders(ctx.config.JWKS_CACHE_SECONDS))

keysRoutes.get('/.well-known/openid-configuration', { ...metadataSpec, id: 'getServerMetadata' }, answerMetadata)

keysRoutes.get(
  '/.well-known/oauth-authorization-server',
  { ...metadataSpec, id: 'getAuthorizationServerMetadata' },
  answerMetadata,
)

keysRoutes.get(
  '/api/v1/admin/keys',
  {
    id: 'listSigningKeys',
    summary: 'List the signing keys',
    guard: admin,
    answer: ok(SigningKeyList, 'The keys, youngest first'),
    errors: [unauthorized, tokenInvalid, adminRequired],
  },
  async ({ ctx }) => ({ keys: (await listKeyStates(ctx)).map(({ key, state }) => signingKeyToWire(key, state)) }),
)

keysRoutes.post(
  '/api/v1/admin/keys/rotate',
  {
    id: 'rotateSigningKey',
    summary: 'Rotate the signing key now; with `revoke_current`, revoke the current one',
    guard: admin,
    body: RotateBody,
    answer: ok(RotateAnswer, 'The new key'),
    errors: [unauthorized, tokenInvalid, adminRequired],
  },
  async ({ ctx, body }) => rotationToWire(await rotateKeysNow(ctx, { revokeCurrent: body.revoke_current })),
)
